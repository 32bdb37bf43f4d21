"""What is wrong with env/requirements*.txt, judged offline against pyproject.toml and the installed metadata."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

RUNTIME, DEV = "env/requirements.txt", "env/requirements-dev.txt"
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[A-Za-z0-9.+!]+)(?: ; (?P<marker>.+))?")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Pin:
    name: str
    version: str
    applies: bool  # its marker holds for this interpreter

    def fits(self, requirement: Requirement) -> bool:
        return requirement.specifier.contains(self.version, prereleases=True)


Pins = dict[str, Pin]


def read(path: Path) -> tuple[Pins, list[str]]:
    """The pins by name, and a complaint for each line that is anything but an exact, hashed pin."""
    pins: Pins = {}
    complaints = []
    text = re.sub(r"^ *#.*\n", "", path.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    for line in text.splitlines():
        pin, *hashes = re.split(r" +(?=--)", line.strip())
        found = PIN.fullmatch(pin)
        if not found or not hashes or not all(map(HASH.fullmatch, hashes)):
            complaints.append(f"{path.name}: not an exact, hashed pin: {line[:80]}")
            continue
        applies = not found["marker"] or Marker(found["marker"]).evaluate()
        if applies or found["name"] not in pins:  # a package may be pinned differently for newer interpreters
            pins[found["name"]] = Pin(found["name"], found["version"], applies)
    return pins, complaints


def unmet(requirement: Requirement, pins: Pins, why: str) -> list[str]:
    pin = pins.get(canonicalize_name(requirement.name))
    if pin is None or not pin.applies:
        return [f"{requirement.name}, wanted by {why}, is not locked"]
    return [] if pin.fits(requirement) else [f"{pin.name}=={pin.version} breaks {requirement}, wanted by {why}"]


def needs(name: str, extras: set[str]) -> Iterator[Requirement]:
    """What the installed distribution asks for on this interpreter."""
    try:
        declared = requires(name) or []
    except PackageNotFoundError:
        return
    for requirement in map(Requirement, declared):
        environments = [{"extra": extra} for extra in ("", *extras)]
        if not requirement.marker or any(map(requirement.marker.evaluate, environments)):
            yield requirement


def closure(roots: list[Requirement], pins: Pins, why: str) -> tuple[set[str], list[str]]:
    """Everything the roots need, and what of it is missing or of a wrong version."""
    complaints = []
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(root, why) for root in roots]
    while waiting:
        requirement, wanted_by = waiting.pop()
        complaints += unmet(requirement, pins, wanted_by)
        step = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if step not in seen:
            seen.add(step)
            waiting += [(need, step[0]) for need in needs(step[0], set(requirement.extras))]
    return {name for name, _ in seen}, complaints


def complaints_about(root: Path) -> list[str]:
    declared = tomllib.loads((root / "pyproject.toml").read_text())
    runtime, found = read(root / RUNTIME)
    dev, also_found = read(root / DEV)
    complaints = found + also_found
    for pins, ranges, name in (
        (runtime, declared["project"]["dependencies"], RUNTIME),
        (dev, declared["dependency-groups"]["dev"], DEV),
    ):
        reached, missing = closure(list(map(Requirement, ranges)), pins, "pyproject.toml")
        complaints += missing
        complaints += [
            f"{name}: nothing needs {pin.name}" for pin in pins.values() if pin.applies and pin.name not in reached
        ]
    for name in runtime.keys() & dev.keys():
        if runtime[name].version != dev[name].version:
            complaints.append(f"{name} is {runtime[name].version} in one lock and {dev[name].version} in the other")
    return complaints
