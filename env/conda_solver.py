"""Stands in for `conda` when conda-lock calls it where no channel can be reached. It installs nothing.

Answers `--version` and `create --dry-run --json … SPEC…`. The solve is rattler's, over the records of
$CONDA_STANDING_LOCK (a conda-lock.yml) and of $CONDA_RECORDS (a folder of <platform>.json).
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import rattler
import yaml

Record = dict[str, Any]
CHANNEL = "https://conda.anaconda.org/conda-forge"


def from_lock(path: Path, platform: str) -> Iterator[Record]:
    """A lock keeps no build number and no `constrains`; what was solved with them stays solved."""
    for package in yaml.safe_load(path.read_text())["package"]:
        if package["platform"] != platform:
            continue
        subdir, file = package["url"].rsplit("/", 2)[1:]
        stem = file.removesuffix(".conda").removesuffix(".tar.bz2")
        yield {
            "name": package["name"],
            "version": package["version"],
            "build": stem.rsplit("-", 1)[1],
            "build_number": 0,
            "subdir": subdir,
            "fn": file,
            "url": package["url"],
            "depends": [f"{name} {spec}".strip() for name, spec in package["dependencies"].items()],
            "constrains": [],
            **package["hash"],
        }


def candidates(platform: str) -> dict[str, Record]:
    """The records at hand by file name; a full record wins over the same one read from a lock."""
    found: list[Record] = []
    if standing := os.environ.get("CONDA_STANDING_LOCK"):
        found += from_lock(Path(standing), platform)
    if folder := os.environ.get("CONDA_RECORDS"):
        found += json.loads((Path(folder) / f"{platform}.json").read_text())["records"]
    return {record["fn"]: record for record in found}


def write_channel(folder: Path, platform: str, records: Iterable[Record]) -> None:
    """Lays the records out as a channel on disk, the form in which rattler takes them."""
    repodata: dict[str, dict[str, dict[str, Record]]] = {
        subdir: {"packages": {}, "packages.conda": {}} for subdir in (platform, "noarch")
    }
    for record in records:
        part = "packages.conda" if record["fn"].endswith(".conda") else "packages"
        body = {key: value for key, value in record.items() if key not in ("fn", "url", "sources")}
        repodata[record["subdir"]][part][record["fn"]] = body
    for subdir, packages in repodata.items():
        (folder / subdir).mkdir()
        (folder / subdir / "repodata.json").write_text(json.dumps({"info": {"subdir": subdir}, **packages}))


def virtual_packages(channels: Iterable[str], platform: str) -> Iterator[rattler.GenericVirtualPackage]:
    """conda-lock passes glibc, macOS and the like as a channel of its own on disk."""
    local = [Path(urlparse(channel).path) for channel in channels if channel.startswith("file://")]
    for file in (channel / subdir / "repodata.json" for channel in local for subdir in (platform, "noarch")):
        packages = json.loads(file.read_text())["packages"].values() if file.exists() else []
        for package in packages:
            yield rattler.GenericVirtualPackage(
                rattler.PackageName(package["name"]),
                rattler.Version(package["version"]),
                rattler.BuildString(package.get("build_string") or package.get("build") or "0"),
            )


async def solve(folder: Path, platform: str, specs: Iterable[str], channels: Iterable[str]) -> list[str]:
    found = await rattler.solve(
        [rattler.Channel(folder.as_uri())],
        [rattler.MatchSpec(spec) for spec in specs],
        platforms=[platform, "noarch"],
        virtual_packages=list(virtual_packages(channels, platform)),
        channel_relations="disabled",
        gateway=rattler.Gateway(cache_dir=str(folder / "cache")),
    )
    return [record.file_name for record in found]


def create(arguments: list[str]) -> dict[str, Any]:
    """The JSON that conda's dry run would print for `create --channel C … SPEC…`."""
    specs, channels, rest = [], [], iter(arguments)
    for argument in rest:
        if argument in ("--prefix", "--channel"):
            value = next(rest)
            channels += [value] if argument == "--channel" else []
        elif not argument.startswith("-"):
            specs.append(argument)
    platform = os.environ["CONDA_SUBDIR"]
    records = candidates(platform)
    with tempfile.TemporaryDirectory() as folder:
        write_channel(Path(folder), platform, records.values())
        files = asyncio.run(solve(Path(folder), platform, specs, channels))
    fetch = [{**records[file], "channel": f"{CHANNEL}/{records[file]['subdir']}"} for file in files]
    return {"success": True, "dry_run": True, "actions": {"FETCH": fetch, "LINK": []}}


def main() -> int:
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        print("conda 26.9.4-standin")
        return 0
    if arguments[:1] != ["create"] or "--dry-run" not in arguments:
        print("conda_solver.py answers `--version` and `create --dry-run` only", file=sys.stderr)
        return 2
    json.dump(create(arguments[1:]), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
