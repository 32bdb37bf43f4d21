"""What is wrong with conda-lock.yml, judged offline against environment.yml."""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from packaging.specifiers import SpecifierSet

SELECTED = {"linux-64": {"linux64"}, "linux-aarch64": set[str](), "osx-arm64": {"osx"}}  # conda's "# [selector]"
ADDRESS = re.compile(
    r"https://conda\.anaconda\.org/conda-forge/(?P<subdir>[a-z0-9-]+)/(?P<file>[^/]+)\.(conda|tar\.bz2)"
)
Package = dict[str, Any]


def satisfies(version: str, spec: str) -> bool:
    """Conda's version specs as far as these locks use them; the build string behind a space is not judged."""
    spec = spec.split(" ", maxsplit=1)[0]
    if spec.endswith(".*") and spec[0].isdigit():
        spec = f"=={spec}"
    return SpecifierSet(spec).contains(version, prereleases=True) if spec else True


def roots(environment: Path, platform: str) -> Iterator[tuple[str, str]]:
    """(name, spec) of each dependency that environment.yml asks for on this platform."""
    for line in environment.read_text().partition("\ndependencies:\n")[2].splitlines():
        entry, _, comment = line.strip().removeprefix("- ").partition("#")
        selector = re.fullmatch(r" *\[(\w+)\] *", comment)
        if entry and (not selector or selector[1] in SELECTED[platform]):
            name, _, spec = entry.strip().partition("=")
            yield name, spec


def malformed(package: Package) -> list[str]:
    address = ADDRESS.fullmatch(package["url"])
    stem = f"{package['name']}-{package['version']}-"
    good = {
        "address": address
        and address["subdir"] in (package["platform"], "noarch")
        and address["file"].startswith(stem),
        "md5": re.fullmatch("[0-9a-f]{32}", str(package["hash"].get("md5"))),
        "sha256": re.fullmatch("[0-9a-f]{64}", str(package["hash"].get("sha256"))),
        "manager": package["manager"] == "conda",
    }
    return [f"{package['platform']}: {package['name']}: bad {part}" for part, holds in good.items() if not holds]


def closure(packages: dict[str, Package], wanted: list[tuple[str, str]], platform: str) -> list[str]:
    """What the roots need and the lock lacks, and what it holds that nothing needs."""
    complaints, seen, waiting = [], set(), list(wanted)
    while waiting:
        name, spec = waiting.pop()
        package = packages.get(name)
        if name.startswith("__"):  # glibc, macOS: given by the machine
            continue
        if package is None:
            complaints.append(f"{platform}: {name} {spec} is not locked")
        elif not satisfies(package["version"], spec):
            complaints.append(f"{platform}: {name} {package['version']} breaks {spec}")
        if package and name not in seen:
            seen.add(name)
            waiting += package["dependencies"].items()
    return complaints + [f"{platform}: nothing needs {name}" for name in packages.keys() - seen]


def complaints_about(root: Path) -> list[str]:
    environment = root / "environment.yml"
    lock = yaml.load((root / "conda-lock.yml").read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    declared = yaml.safe_load(environment.read_text())
    complaints = []
    if lock["metadata"]["inputs_metadata"]["environment.yml"]["sha256"] != sha256(environment.read_bytes()).hexdigest():
        complaints.append("environment.yml is not the one that conda-lock.yml was made from")
    if not set(declared["platforms"]) == set(lock["metadata"]["platforms"]) == set(SELECTED):
        complaints.append("environment.yml and conda-lock.yml name different platforms")
    for platform in lock["metadata"]["platforms"]:
        packages = {package["name"]: package for package in lock["package"] if package["platform"] == platform}
        complaints += [complaint for package in packages.values() for complaint in malformed(package)]
        complaints += closure(packages, list(roots(environment, platform)), platform)
    return complaints
