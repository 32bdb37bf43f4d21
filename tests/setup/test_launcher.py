"""env/run, tried on a project that needs nothing from a network: empty locks and a build backend of its own."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.declared import ROOT

BASE_PYTHON = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
TOOLS = ("cat", "cksum", "dirname", "grep", "sh")
LOCK, LOCAL_LOCK, DEV_LOCK = (f"env/requirements{kind}.txt" for kind in ("", "-local", "-dev"))
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tiny"
version = "1"
"""
BACKEND = """
from pathlib import Path
from zipfile import ZipFile

def build_editable(folder, config_settings=None, metadata_directory=None):
    with ZipFile(Path(folder) / "tiny-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n")
        wheel.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("tiny-1.dist-info/RECORD", "")
    return "tiny-1-py3-none-any.whl"
"""
UNKNOWN_PACKAGE = f"gone==1 --hash=sha256:{'0' * 64}\n"

pytestmark = pytest.mark.xdist_group("launcher")  # the tests share one environment: making it takes seconds


def new_project(folder: Path) -> Path:
    (folder / "env").mkdir(parents=True)
    shutil.copy(ROOT / "env/run", folder / "env/run")
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND)
    for lock in (LOCK, LOCAL_LOCK, DEV_LOCK):
        (folder / lock).write_text(f"# {lock}\n")
    return folder


def launch(project: Path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Without this machine's pip configuration."""
    offline = {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0", "PIP_NO_INDEX": "1"}
    surroundings = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PYTHON": BASE_PYTHON, **offline}
    return subprocess.run(
        [project / "env/run", *command],
        cwd=project, env={**surroundings, **env}, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = new_project(tmp_path_factory.mktemp("launcher") / "a folder with spaces")
    done = launch(made, "true")
    assert (done.returncode, done.stderr.count("installing")) == (0, 1), done.stderr
    assert "MB" in done.stderr
    return made


def test_without_a_command_it_prints_its_usage(project: Path) -> None:
    assert [launch(project).returncode, launch(project, "--help").returncode] == [2, 2]
    assert "env/run cityweather demo" in launch(project).stderr


def test_the_command_runs_in_the_environment_with_its_own_exit_status_and_nothing_else_is_printed(
    project: Path,
) -> None:
    done = launch(project, "python", "-c", "import sys; print(sys.prefix); sys.exit(7)", PYTHON="")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (7, str(project / ".venv"), "")


def test_an_environment_whose_lock_changed_is_made_again(project: Path) -> None:
    mark = project / ".venv/mark"
    mark.touch()
    assert launch(project, "true").stderr == ""
    (project / DEV_LOCK).write_text("# changed\n")
    assert "installing" in launch(project, "true").stderr
    assert not mark.exists()


def test_the_service_alone_gets_fewer_packages_and_a_tool_the_rest_on_top(tmp_path: Path) -> None:
    project = new_project(tmp_path / "project")
    (project / DEV_LOCK).write_text(UNKNOWN_PACKAGE)
    assert "200 MB" in launch(project, "celery", "--version").stderr  # the tiny project has none: only the way there
    mark = project / ".venv/mark"
    mark.touch()
    assert launch(project, "true").returncode == 1
    (project / DEV_LOCK).write_text("# changed\n")
    assert "900 MB" in launch(project, "true").stderr
    assert mark.exists()


def test_two_at_once_make_it_once(tmp_path: Path) -> None:
    project = new_project(tmp_path / "project")
    env = {**os.environ, "PYTHON": BASE_PYTHON, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    pair = [
        subprocess.Popen([project / "env/run", "sh", "-c", "exit 3"], env=env, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    output = "".join(process.communicate(timeout=100)[1] for process in pair)
    assert [process.returncode for process in pair] == [3, 3], output
    assert output.count("installing") == 1


@pytest.fixture
def backend(project: Path) -> Iterator[Path]:
    """The module that builds the project's package, for a test that makes it slow."""
    yield project / "backend.py"
    (project / "backend.py").write_text(BACKEND)


def test_dots_show_that_pip_works_until_it_has_ended(project: Path, backend: Path) -> None:
    backend.write_text(f"import time\n\ntime.sleep(5)\n{BACKEND}")
    (project / DEV_LOCK).write_text("# slow\n")
    done = launch(project, "sh", "-c", "sleep 3; exit 7")
    assert done.returncode == 7
    assert re.fullmatch(r"env/run: installing into .*, once: 900 MB, one to three minutes \.{2,}\n", done.stderr)
    backend.write_text("import time\n\ntime.sleep(3)\nraise SystemExit(1)\n")
    (project / DEV_LOCK).write_text("# slow and broken\n")
    done = launch(project, "true")
    assert done.returncode == 1
    assert re.match(r"env/run: installing into .* minutes \.", done.stderr)
    assert "\nenv/run: pip could not install the packages" in done.stderr


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """A shell lets what it starts with & ignore Ctrl-C, and so would everything that is started here."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_ctrl_c_ends_the_dots_too(project: Path, backend: Path) -> None:
    backend.write_text(f"import time\n\ntime.sleep(60)\n{BACKEND}")
    (project / DEV_LOCK).write_text("# interrupted\n")
    env = {**os.environ, "PYTHON": BASE_PYTHON, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    with subprocess.Popen(
        [project / "env/run", "true"], env=env, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as launched:
        assert launched.stderr is not None
        read = ""
        while not read.endswith("minutes .") and (letter := launched.stderr.read(1)):
            read += letter
        os.killpg(launched.pid, signal.SIGINT)
        launched.communicate(timeout=20)  # until nobody holds stderr any more
    assert launched.returncode != 0


def test_an_environment_that_is_a_link_is_refused(tmp_path: Path) -> None:
    project, other = new_project(tmp_path / "project"), tmp_path / "other"
    (other / "bin").mkdir(parents=True)
    (project / ".venv").symlink_to(other)
    done = launch(project, "true")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"{project}/.venv is a symbolic link" in done.stderr
    assert (other / "bin").is_dir()


def test_no_network_is_one_clear_sentence_and_the_next_run_mends(project: Path) -> None:
    (project / LOCK).write_text(UNKNOWN_PACKAGE)
    done = launch(project, "true")
    assert done.returncode == 1
    assert "env/run: pip could not install the packages" in done.stderr
    assert "Traceback" not in done.stderr
    (project / LOCK).write_text("# nothing\n")
    assert launch(project, "true").returncode == 0


@pytest.mark.parametrize("chosen", ["", "/nowhere/python"])
def test_no_usable_python_is_one_clear_sentence(tmp_path: Path, chosen: str) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in TOOLS:
        (tools / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")
    old = tools / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # what an old Python answers to the question for its version
    old.chmod(0o755)
    done = launch(new_project(tmp_path / "project"), "true", PATH=str(tools), PYTHON=chosen)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "no Python 3.11, 3.12 or 3.13 that makes virtual environments" in done.stderr
    assert chosen in done.stderr
