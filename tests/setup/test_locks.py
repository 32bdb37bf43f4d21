"""The locks fit what they were made from, are hashed, and hold no download address of a package index."""

import re
import tomllib
from hashlib import sha256
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from tests.support.declared import ROOT, locked

LOCKS = ("requirements.txt", "requirements-local.txt", "requirements-dev.txt")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONDA = yaml.safe_load((ROOT / "env/conda.yml").read_text())
CONDA_LOCK = yaml.load((ROOT / "conda-lock.yml").read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
CONDA_ADDRESS = r"https://conda\.anaconda\.org/conda-forge/{}/{}-{}-[^/]+\.(conda|tar\.bz2)"


def declared(group: str) -> list[Requirement]:
    """The ranges of pyproject.toml: of the project, or of a dependency group and those that it includes."""
    entries = PROJECT["dependency-groups"][group] if group else PROJECT["project"]["dependencies"]
    plain = [Requirement(entry) for entry in entries if isinstance(entry, str)]
    included = [entry["include-group"] for entry in entries if isinstance(entry, dict)]
    return plain + [requirement for name in included for requirement in declared(name)]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_and_hashed(lock: str) -> None:
    text = re.sub(r"^ *#.*\n", "", (ROOT / "env" / lock).read_text(), flags=re.MULTILINE).replace("\\\n", "")
    pin = r"[a-z0-9-]+(\[[a-z,]+\])?==[A-Za-z0-9.+!]+( ; [^-]+)?(\s+--hash=sha256:[0-9a-f]{64})+ *"
    assert [line for line in text.splitlines() if not re.fullmatch(pin, line)] == []


@pytest.mark.parametrize(("lock", "group"), [(LOCKS[0], ""), (LOCKS[1], "local"), (LOCKS[2], "dev")])
def test_every_range_of_the_project_is_locked(lock: str, group: str) -> None:
    pins = locked(lock)
    for requirement in declared(group):
        versions = pins.get(requirement.name.lower(), [])
        assert versions, f"{requirement.name} is not locked: run env/relock"
        assert all(requirement.specifier.contains(version) for version in versions), f"{requirement}: run env/relock"


def test_no_package_differs_between_the_locks() -> None:
    runtime, local, dev = map(locked, LOCKS)
    for name in local.keys() & runtime.keys():
        assert local[name] == runtime[name]
    for name in dev.keys() & (runtime.keys() | local.keys()):
        assert dev[name] == {**local, **runtime}[name]


def test_conda_lock_was_made_from_env_conda_yml() -> None:
    metadata = CONDA_LOCK["metadata"]
    assert metadata["sources"] == ["env/conda.yml"]
    digest = sha256((ROOT / "env/conda.yml").read_bytes()).hexdigest()
    assert metadata["inputs_metadata"]["env/conda.yml"]["sha256"] == digest
    assert metadata["platforms"] == CONDA["platforms"]


@pytest.mark.parametrize("package", CONDA_LOCK["package"], ids=lambda one: f"{one['name']}-{one['platform']}")
def test_a_conda_package_comes_from_conda_forge_and_all_it_needs_is_locked(package: dict[str, Any]) -> None:
    name, version, platform = package["name"], package["version"], package["platform"]
    subfolder = f"({platform}|noarch)"
    assert re.fullmatch(CONDA_ADDRESS.format(subfolder, re.escape(name), re.escape(version)), package["url"])
    assert re.fullmatch("[0-9a-f]{64}", package["hash"]["sha256"])
    here = {other["name"]: other["version"] for other in CONDA_LOCK["package"] if other["platform"] == platform}
    for need, spec in package["dependencies"].items():
        wanted = spec.split(" ")[0]
        wanted = f"=={wanted}" if wanted[:1].isdigit() else wanted
        if not need.startswith("__"):  # glibc, macOS: the machine's own
            assert SpecifierSet(wanted).contains(here[need], prereleases=True), f"{need} {spec}"


def test_every_conda_root_is_locked_everywhere() -> None:
    for platform in CONDA["platforms"]:
        here = {package["name"] for package in CONDA_LOCK["package"] if package["platform"] == platform}
        assert {"python", "pip"} <= here
        assert ("redis-server" in here) == (platform != "linux-aarch64")  # conda-forge has none there


def test_environment_yml_takes_the_same_python_and_the_hashed_locks() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *packages, pip = environment["dependencies"]
    assert set(packages) <= set(CONDA["dependencies"])
    assert pip == {"pip": ["-r env/requirements.txt", "-r env/requirements-dev.txt"]}
    assert environment["variables"] == {"PYTHONPATH": "src"}


def test_pip_finds_every_extra_pinned_when_it_resolves_the_locks_itself() -> None:
    """conda calls pip without --no-deps, and in hash mode `coverage[toml]` is not met by a pin of `coverage`."""
    assert re.search(r"^coverage\[toml\]==", (ROOT / "env/requirements-dev.txt").read_text(), re.MULTILINE)
