"""Only regular files below the folder can be opened, whatever the path is."""

import os
from pathlib import Path

import pytest

from cityweather.ingest.errors import BadPath
from cityweather.ingest.paths import open_below


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "imports"
    (root / "deep/er").mkdir(parents=True)
    (root / "deep/er/towns.csv").write_text("city\nParis\n")
    (tmp_path / "secret.csv").write_text("secret")
    (root / "link.csv").symlink_to(tmp_path / "secret.csv")
    (root / "linked").symlink_to(tmp_path)
    os.mkfifo(root / "pipe.csv")
    return root


@pytest.mark.parametrize("path", ["deep/er/towns.csv", "./deep//er/towns.csv", "deep/er/./towns.csv"])
def test_a_file_below_is_opened(root: Path, path: str) -> None:
    with open_below(path, root) as file:
        assert file.read() == b"city\nParis\n"


@pytest.mark.parametrize(
    "path",
    [
        "", ".", "/", "..", "../secret.csv", "deep/../../secret.csv", "deep/../link.csv", "/etc/passwd", "//etc/passwd",
        "link.csv", "linked/secret.csv", "pipe.csv", "deep", "missing.csv", "deep/er/towns.csv/x", "a\0b", "x" * 5000,
        "\ud800",
    ],
)  # fmt: skip
def test_anything_else_is_refused(root: Path, path: str) -> None:
    with pytest.raises(BadPath):
        open_below(path, root)


def test_an_absolute_path_is_refused_even_below(root: Path) -> None:
    with pytest.raises(BadPath):
        open_below(str(root / "deep/er/towns.csv"), root)


def test_the_folder_itself_may_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mounted").symlink_to(root)
    open_below("deep/er/towns.csv", tmp_path / "mounted").close()


def test_no_descriptor_is_left_open(root: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    for path in ("deep/er/towns.csv/x", "deep", "pipe.csv", "linked/secret.csv"):
        with pytest.raises(BadPath):
            open_below(path, root)
    assert len(list(Path("/dev/fd").iterdir())) == before
