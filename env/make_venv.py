"""Makes or mends .venv from the two locks: `make_venv.py STAMP IDENTITY`, called by env/run with the chosen Python.

The standard library only, since nothing is installed yet. STAMP and IDENTITY become the two lines of .venv/.stamp.
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
    r"NewConnectionError|Name or service not known|name resolution|Network is unreachable|ProxyError"
    r"|ConnectTimeout|Read timed out|Connection refused|Max retries exceeded|NameResolutionError"
)


class Unmade(Exception):
    """The environment could not be made; the message is one sentence for the user."""


def say(text: str) -> None:
    print(f"env/run: {text}", file=sys.stderr, flush=True)


def pip(*arguments: str) -> None:
    """Runs the environment's own pip; its settings (mirrors, certificates) come from the user as always."""
    command = [str(VENV / "bin" / "python"), "-I", "-m", "pip", *arguments]
    # A user install is refused inside a virtual environment, and some machines set it for everything.
    surroundings = {**os.environ, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "PIP_NO_INPUT": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        raise Unmade(explain(done.stdout.decode(errors="replace")))


def explain(output: str) -> str:
    errors = [line for line in output.splitlines() if line.startswith("ERROR")] or output.splitlines()[-3:]
    said = "\n  ".join(errors)
    if UNREACHABLE.search(output):
        return f"no package index could be reached; is there a network, or a mirror for PIP_INDEX_URL?\n  {said}"
    if "DO NOT MATCH THE HASHES" in output:
        return f"a downloaded package is not the one that was locked, so nothing of it was installed.\n  {said}"
    return f"pip could not install the locked packages.\n  {said}"


def create() -> None:
    STAMP.unlink(missing_ok=True)  # first: a clear cut short must not leave a stamp beside half an environment
    say(f"making {VENV} with Python {sys.version.split()[0]} (once, a minute or so)")
    try:
        venv.create(VENV, clear=True, with_pip=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unmade(f"the virtual environment {VENV} could not be made: {error}.") from error


def read_stamp() -> list[str]:
    try:
        return STAMP.read_text().splitlines()
    except OSError:
        return []


def make(stamp: str, identity: str) -> None:
    """Leaves a complete environment with its stamp, or one without a stamp, which the next call makes anew."""
    if read_stamp() == [stamp, identity] and os.access(VENV / "bin" / "python", os.X_OK):
        return  # another env/run made it while this one waited
    create()
    locks = [part for lock in LOCKS for part in ("--requirement", lock)]
    pip("install", "--quiet", "--require-hashes", "--no-deps", *locks)
    pip("install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", ".")
    half = VENV / ".stamp.half"
    half.write_text(f"{stamp}\n{identity}\n")
    half.replace(STAMP)


def main() -> int:
    folder = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)  # freed by the kernel however this process ends
    try:
        make(*sys.argv[1:3])
    except (Unmade, OSError) as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
