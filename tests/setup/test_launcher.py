"""env/run, tried on a project that needs nothing from a network: two empty locks and a build backend of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE_PYTHON = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
TOOLS = ("cat", "cksum", "dirname", "sed", "sh")
LOCK, DEV_LOCK = "env/requirements.txt", "env/requirements-dev.txt"
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tiny"
version = "1"
"""
METADATA = {
    "METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n",
    "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "RECORD": "",
}
BACKEND = f"""
from pathlib import Path
from zipfile import ZipFile

def build_editable(folder, config_settings=None, metadata_directory=None):
    with ZipFile(Path(folder) / "tiny-1-py3-none-any.whl", "w") as wheel:
        for name, text in {METADATA!r}.items():
            wheel.writestr("tiny-1.dist-info/" + name, text)
    return "tiny-1-py3-none-any.whl"
"""

pytestmark = pytest.mark.xdist_group("launcher")  # the tests share one environment: making it takes seconds


def new_project(folder: Path) -> Path:
    (folder / "env").mkdir(parents=True)
    for name in ("run", "make_venv.py"):
        shutil.copy(ROOT / "env" / name, folder / "env" / name)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "backend.py").write_text(BACKEND)
    (folder / LOCK).write_text("# nothing\n")
    (folder / DEV_LOCK).write_text("# nothing\n")
    return folder


def surroundings(**more: str) -> dict[str, str]:
    """No configuration of this machine's pip, and no virtual environment that the tests may run in."""
    base = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PYTHON": BASE_PYTHON}
    offline = {"PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0", "PIP_NO_INDEX": "1"}
    return {**base, **offline, **more}


def launch(project: Path, *command: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [project / "env/run", *command],
        cwd=cwd or project,
        env=surroundings(**env),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = new_project(tmp_path_factory.mktemp("launcher") / "a folder with spaces")
    done = launch(made, "true")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("making") == 1
    return made


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A PATH with what env/run needs, and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")
    return folder


def test_without_a_command_it_prints_its_usage(project: Path) -> None:
    done = launch(project)
    assert done.returncode == 2
    assert "usage: env/run CMD" in done.stderr


def test_the_commands_exit_status_comes_through(project: Path) -> None:
    assert launch(project, "sh", "-c", "exit 7").returncode == 7


def test_the_command_runs_in_the_environment_and_nothing_else_is_said(project: Path) -> None:
    done = launch(project, "python", "-c", "import sys; print(sys.prefix)")
    assert (done.stdout.strip(), done.stderr) == (str(project / ".venv"), "")


def test_without_a_chosen_python_the_environment_is_taken_as_it_stands(project: Path) -> None:
    done = launch(project, "python", "-c", "import sys; print(sys.prefix)", PYTHON="")
    assert (done.stdout.strip(), done.stderr) == (str(project / ".venv"), "")


def test_a_command_stays_in_the_callers_folder(project: Path, tmp_path: Path) -> None:
    assert launch(project, "sh", "-c", "pwd -P", cwd=tmp_path).stdout.strip() == str(tmp_path.resolve())


def test_a_tool_that_reads_pyproject_runs_at_the_root(project: Path, tmp_path: Path) -> None:
    tool = project / ".venv/bin/ruff"
    tool.write_text("#!/bin/sh\npwd -P\n")
    tool.chmod(0o755)
    assert launch(project, "ruff", cwd=tmp_path).stdout.strip() == str(project.resolve())
    assert launch(project, "ruff", cwd=project / "env").stdout.strip() == str(project.resolve() / "env")


def test_a_changed_project_file_keeps_the_environment_and_a_changed_lock_does_not(project: Path) -> None:
    mark = project / ".venv/mark"
    mark.touch()
    (project / "pyproject.toml").write_text(PYPROJECT + "# changed\n")
    assert launch(project, "true").stderr == ""
    assert mark.exists()
    (project / LOCK).write_text("# changed\n")
    assert "making" in launch(project, "true").stderr
    assert not mark.exists()


def test_a_project_that_cannot_be_installed_is_tried_again_in_the_same_environment(project: Path) -> None:
    assert launch(project, "true").returncode == 0
    (project / "backend.py").write_text("raise SystemExit('broken')")
    (project / "pyproject.toml").write_text(PYPROJECT + "# broken\n")
    assert launch(project, "true").returncode == 1
    (project / "backend.py").write_text(BACKEND)
    assert (launch(project, "true").returncode, launch(project, "true").stderr) == (0, "")


def test_two_at_once_mend_a_half_made_environment_once(project: Path) -> None:
    shutil.rmtree(project / ".venv")
    (project / ".venv/bin").mkdir(parents=True)
    # As it stands for a moment while it is made: an interpreter that takes itself for one outside any environment.
    (project / ".venv/bin/python").symlink_to(BASE_PYTHON)
    command = [project / "env/run", "python", "-c", "import sys; sys.exit(3)"]
    env = surroundings(PYTHON="")
    pair = [
        subprocess.Popen(command, env=env, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        for _ in range(2)
    ]
    said = "".join(process.communicate(timeout=100)[1] for process in pair)
    assert [process.returncode for process in pair] == [3, 3], said
    assert said.count("making") == 1


def test_a_package_that_is_not_the_locked_one_is_refused_and_the_next_run_mends(project: Path, tmp_path: Path) -> None:
    with ZipFile(tmp_path / "other-1-py3-none-any.whl", "w") as wheel:
        for name, text in METADATA.items():
            wheel.writestr(f"other-1.dist-info/{name}", text.replace("tiny", "other"))
    (project / LOCK).write_text(f"other==1 --hash=sha256:{'0' * 64}\n")
    done = launch(project, "true", PIP_FIND_LINKS=str(tmp_path))
    assert done.returncode == 1
    assert "env/run: a downloaded package is not the one that was locked" in done.stderr
    (project / LOCK).write_text("# nothing\n")
    assert launch(project, "true").returncode == 0


def test_no_python_is_one_clear_sentence(bare_path: Path, tmp_path: Path) -> None:
    done = launch(new_project(tmp_path / "project"), "true", PATH=str(bare_path), PYTHON="")
    assert done.returncode == 1
    assert done.stderr == (
        "env/run: no Python 3.11, 3.12 or 3.13 on PATH; install one or set PYTHON=/path/to/python.\n"
    )


def test_a_python_without_venv_is_one_clear_sentence(bare_path: Path, tmp_path: Path) -> None:
    python = bare_path / "python3"
    python.write_text(
        f'#!/bin/sh\nexec {BASE_PYTHON} -c "import sys; sys.modules[\'venv\'] = None; exec(sys.argv[3])" "$@"\n'
    )
    python.chmod(0o755)
    done = launch(new_project(tmp_path / "project"), "true", PATH=str(bare_path), PYTHON="")
    assert done.returncode == 1
    assert done.stderr == (
        "env/run: python3 cannot make virtual environments; install its venv module"
        " (Debian, Ubuntu: apt-get install python3-venv).\n"
    )


def test_a_chosen_python_that_does_not_run_is_one_clear_sentence(tmp_path: Path) -> None:
    done = launch(new_project(tmp_path / "project"), "true", PYTHON="/nowhere/python")
    assert done.returncode == 1
    assert done.stderr == "env/run: PYTHON=/nowhere/python is not a Python 3.11, 3.12 or 3.13 that runs.\n"


def test_no_network_is_one_clear_sentence(tmp_path: Path) -> None:
    project = new_project(tmp_path / "project")
    (project / LOCK).write_text(f"gone==1 --hash=sha256:{'0' * 64}\n")
    index = {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_NO_CACHE_DIR": "1"}
    done = launch(project, "true", **index)
    assert done.returncode == 1
    assert "env/run: no package index could be reached" in done.stderr
    assert "Traceback" not in done.stderr
