"""Makes or mends .venv from the two locks: `make_venv.py LOCKS PROJECT IDENTITY`, called by env/run.

The standard library only, since nothing is installed yet. The arguments become the lines of .venv/.stamp: what
was installed (checksums of the locks and of pyproject.toml) and with which interpreter.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".stamp"
LOCKS = ("env/requirements.txt", "env/requirements-dev.txt")
UNREACHABLE = re.compile(
    r"NewConnectionError|NameResolutionError|name resolution|Name or service not known|Network is unreachable"
    r"|from versions: none|ProxyError|ConnectTimeout|Read timed out|Connection refused|Max retries exceeded"
)


class NotMadeError(Exception):
    """The environment could not be made; the message is a sentence for the user."""


def say(text: str) -> None:
    print(f"env/run: {text}", file=sys.stderr, flush=True)


def pip(*arguments: str) -> None:
    """Runs the environment's own pip; its settings (mirrors, certificates) come from the user as always."""
    command = [str(VENV / "bin" / "python"), "-I", "-m", "pip", *arguments]
    # Some machines ask for user installs everywhere; inside a virtual environment pip refuses those.
    surroundings = {**os.environ, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_NO_INPUT": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        raise NotMadeError(explain(done.stdout.decode(errors="replace")))


def explain(output: str) -> str:
    """The one sentence for what pip printed, with pip's own errors below it."""
    if UNREACHABLE.search(output):
        sentence = "no package index could be reached: is there a network, or a mirror for PIP_INDEX_URL?"
    elif "DO NOT MATCH THE HASHES" in output:
        sentence = "a downloaded package is not the one that was locked, so it was not installed."
    else:
        sentence = "pip could not install the locked packages."
    lines = output.splitlines()
    return "\n  ".join([sentence, *([line for line in lines if line.startswith("ERROR")] or lines[-3:])])


def create() -> None:
    STAMP.unlink(missing_ok=True)  # first: a clear cut short must not leave a stamp beside half a folder
    say(f"making {VENV} with Python {sys.version.split()[0]} (once, a minute or so)")
    try:
        venv.create(VENV, clear=True, with_pip=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotMadeError(f"the virtual environment {VENV} could not be made: {error}.") from error
    locks = [part for lock in LOCKS for part in ("--requirement", lock)]
    # Wheels only: building from source would fetch build tools that no lock names.
    pip("install", "--quiet", "--require-hashes", "--no-deps", "--only-binary=:all:", *locks)


def install_project() -> None:
    pip("install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", ".")


def read_stamp() -> tuple[str, str, str] | None:
    """None for an environment that is not complete."""
    try:
        locks, project, identity = STAMP.read_text().splitlines()
    except (OSError, ValueError):
        return None
    return (locks, project, identity) if os.access(VENV / "bin" / "python", os.X_OK) else None


def write_stamp(*lines: str) -> None:
    half = VENV / ".stamp.half"
    half.write_text("".join(f"{line}\n" for line in lines))
    half.replace(STAMP)


def make(locks: str, project: str, identity: str) -> None:
    """What fails leaves no stamp, or one that lacks the project: the next call goes on from there."""
    made_locks, made_project, made_identity = read_stamp() or ("", "", "")
    # Unless the user chose an interpreter, one that another env/run took meanwhile is as good.
    usable = made_locks == locks and (made_identity == identity or not os.environ.get("PYTHON"))
    if usable and made_project == project:
        return
    if usable:
        identity = made_identity
    else:
        create()
        write_stamp(locks, "", identity)
    install_project()
    write_stamp(locks, project, identity)


def main() -> int:
    folder = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)  # the kernel frees it however this process ends
    try:
        make(*sys.argv[1:4])
    except (NotMadeError, OSError) as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
