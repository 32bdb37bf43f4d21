"""The locks fit what they were made from, and the guard that says so is seen to complain."""

import re
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from tests.setup import conda_locks, python_locks

ROOT = Path(__file__).resolve().parents[2]
DIGESTS = "env/locks.sha256"
FILES = ("pyproject.toml", "environment.yml", "conda-lock.yml", python_locks.RUNTIME, python_locks.DEV, DIGESTS)


def changed_by_hand(root: Path) -> list[str]:
    lines = [line.split("  ") for line in (root / DIGESTS).read_text().splitlines()]
    return [
        f"{name} was changed by hand; env/relock makes it"
        for digest, name in lines
        if sha256((root / name).read_bytes()).hexdigest() != digest
    ]


def complaints_about(root: Path) -> list[str]:
    return python_locks.complaints_about(root) + conda_locks.complaints_about(root) + changed_by_hand(root)


def test_the_locks_fit_the_ranges_and_each_other() -> None:
    assert complaints_about(ROOT) == []


def test_the_digests_cover_every_lock() -> None:
    named = {line.split("  ")[1] for line in (ROOT / DIGESTS).read_text().splitlines()}
    assert named == {"environment.yml", "conda-lock.yml", python_locks.RUNTIME, python_locks.DEV}


def swap(pattern: str, replacement: str) -> Callable[[str], str]:
    def edit(text: str) -> str:
        edited, times = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
        assert times == 1, f"{pattern} is not in the file; the mutation mutates nothing"
        return edited

    return edit


CONDA_ENTRY = r"^- name: {}\n(?:  .*\n)+"
PIP_ENTRY = r"^{}==(?:.*\\\n)+.*\n(?: +#.*\n)*"
MUTATIONS = {
    "a pin above its range": (python_locks.RUNTIME, swap(r"^django==5\.2\.\d+", "django==6.0"), "django==6.0 breaks"),
    "a pin that another package refuses": (python_locks.RUNTIME, swap(r"^vine==\S+", "vine==4.0"), "vine==4.0 breaks"),
    "a pin that differs in one lock": (python_locks.DEV, swap(r"^redis==\S+", "redis==8.1.99"), "in one lock and"),
    "a loose pin": (python_locks.RUNTIME, swap(r"^celery==5", "celery>=5"), "not an exact, hashed pin: celery"),
    "a pin without hashes": (python_locks.RUNTIME, swap(r"^(vine==\S+) (?:.*\\\n)+.*", r"\1"), "hashed pin: vine"),
    "a short hash": (python_locks.RUNTIME, swap(r"sha256:.", "sha256:"), "not an exact, hashed pin"),
    "another digit in a hash": (python_locks.RUNTIME, swap(r"sha256:.{8}", "sha256:00000000"), "changed by hand"),
    "an index address": (
        python_locks.RUNTIME,
        swap(r"\A", "--index-url https://packages.example/simple\n"),
        "hashed pin: --index-url",
    ),
    "a package from an address": (
        python_locks.DEV,
        swap(r"\A", "amqp @ https://example.org/amqp.whl\n"),
        "hashed pin: amqp",
    ),
    "a dropped direct package": (
        python_locks.RUNTIME,
        swap(PIP_ENTRY.format("gunicorn"), ""),
        "gunicorn, wanted by pyproject",
    ),
    "a dropped indirect package": (
        python_locks.RUNTIME,
        swap(PIP_ENTRY.format("kombu"), ""),
        "kombu, wanted by celery",
    ),
    "a package too many": (
        python_locks.RUNTIME,
        swap(r"\A", f"flask==3.1.0 \\\n    --hash=sha256:{'0' * 64}\n"),
        "nothing needs flask",
    ),
    "a comment in a lock": (python_locks.DEV, swap(r"\A", "# fine\n"), "requirements-dev.txt was changed by hand"),
    "a new range in pyproject": ("pyproject.toml", swap(r'"django~=.*"', '"django~=6.0"'), "breaks django~=6.0"),
    "a new package in pyproject": (
        "pyproject.toml",
        swap(r"^dependencies = \[", 'dependencies = ["flask",'),
        "flask, wanted by",
    ),
    "a new tool in pyproject": (
        "pyproject.toml",
        swap(r"^dev = \[", 'dev = ["nox~=2026.1",'),
        "nox, wanted by pyproject",
    ),
    "a comment in environment.yml": (
        "environment.yml",
        swap(r"\Z", "# fine\n"),
        "not the one that conda-lock.yml was made from",
    ),
    "a conda root added": ("environment.yml", swap(r"\Z", "  - nodejs\n"), "linux-64: nodejs  is not locked"),
    "a conda root moved on": ("environment.yml", swap(r"python=3\.13", "python=3.14"), "breaks 3.14.*"),
    "a platform added": ("environment.yml", swap(r"  - osx-arm64", "  - osx-arm64\n  - win-64"), "different platforms"),
    "a conda package dropped": (
        "conda-lock.yml",
        swap(CONDA_ENTRY.format("openssl"), ""),
        "openssl >=3.5.7,<4.0a0 is not locked",
    ),
    "a conda package nobody needs": (
        "conda-lock.yml",
        swap("^- name: redis-server", "- name: redis"),
        "nothing needs redis",
    ),
    "a conda version too old": (
        "conda-lock.yml",
        swap(r"(- name: openssl\n  version:) \S+", r"\1 3.0.0"),
        "openssl 3.0.0 breaks",
    ),
    "a short conda hash": (
        "conda-lock.yml",
        swap(r"^    sha256: ....", "    sha256: "),
        "bad sha256",
    ),
    "another digit in a conda hash": (
        "conda-lock.yml",
        swap(r"^    md5: [0-9a-f]{4}", "    md5: 0000"),
        "conda-lock.yml was changed",
    ),
    "another conda channel": ("conda-lock.yml", swap(r"anaconda\.org/conda-forge", "anaconda.org/main"), "bad address"),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_guard_complains_of(mutation: str, tmp_path: Path) -> None:
    file, edit, expected = MUTATIONS[mutation]
    (tmp_path / "env").mkdir()
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / file).write_text(edit((ROOT / file).read_text()))
    assert expected in "\n".join(complaints_about(tmp_path))
