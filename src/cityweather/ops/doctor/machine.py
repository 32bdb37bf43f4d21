"""What can be told without settings: Python and the installed packages."""

import re
import sys
from importlib import metadata
from pathlib import Path

from cityweather.ops.doctor.finding import Finding, fail, ok, skip

ROOT = Path(__file__).resolve().parents[4]
LOCK = ROOT / "env/requirements.txt"
OLDEST, NEWEST = (3, 11), (3, 13)
PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;]+)( *;)?")


def python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return ok("python", version)
    return fail("python", f"{version} is not one that the locks are made for", "Use Python 3.11, 3.12 or 3.13.")


def packages(lock: Path = LOCK) -> Finding:
    """The installed versions are the lock's."""
    if not lock.exists():
        return skip("packages", f"there is no {lock.name} beside the code to compare with")
    pins = [found.groups() for line in lock.read_text().splitlines() if (found := PIN.match(line))]
    wrong = [
        f"{name} {_installed(name) or 'missing'}, not {pin}" for name, pin, maybe in pins if not _fits(name, pin, maybe)
    ]
    if not wrong:
        return ok("packages", f"the {len(pins)} of the lock")
    todo = "Start through env/run, or: pip install --require-hashes --no-deps -r env/requirements.txt"
    return fail("packages", "; ".join(wrong[:5]) + (" …" if wrong[5:] else ""), todo)


def _fits(name: str, pin: str, maybe: str | None) -> bool:
    """`maybe`: only wanted on some machines."""
    found = _installed(name)
    return found == pin or (found is None and maybe is not None)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
