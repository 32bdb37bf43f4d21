"""Makes conda-lock.yml from environment.yml with conda-lock's own command line; called by env/relock.

No channel is asked unless `--conda PROGRAM` names a real conda: env/conda_solver.py takes conda's place and solves
over package records that are at hand. By default those are the ones in the lock that stands.
"""

from __future__ import annotations

import argparse
import os
import stat
import sys
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "conda-lock.yml"


def stand_in(folder: Path) -> Path:
    """An executable that conda-lock can call as if it were conda."""
    program = folder / "conda"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "env/conda_solver.py"}" "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def keep_what_stands(folder: Path) -> list[str]:
    """Copies the lock aside as the solver's candidates; answers the options that carry its provenance over."""
    if not LOCK.exists():
        return []
    standing = folder / "standing.yml"
    standing.write_bytes(LOCK.read_bytes())
    os.environ["CONDA_STANDING_LOCK"] = str(standing)
    provenance = yaml.safe_load(standing.read_text())["metadata"].get("custom_metadata") or {}
    (folder / "provenance.yml").write_text(yaml.safe_dump(provenance))
    return ["--mdy", str(folder / "provenance.yml")] if provenance else []


def lock(folder: Path, conda: str | None, provenance: Path | None) -> None:
    from conda_lock.conda_lock import main as conda_lock  # noqa: PLC0415  # slow, and needless for --help

    kept = keep_what_stands(folder)
    if provenance:
        kept = ["--mdy", str(provenance.resolve())]
    # The lock has no pip part, so the map from PyPI's names to conda's can be empty; the default is a download.
    (folder / "names.json").write_text("{}")
    LOCK.unlink(missing_ok=True)
    conda_lock(
        [
            *("lock", "--conda", conda or str(stand_in(folder))),
            *("--file", "environment.yml", "--lockfile", LOCK.name),
            *("--pypi_to_conda_lookup_file", (folder / "names.json").as_uri()),
            # conda-lock 4.0.3 cannot read a lock back that holds only one of the two.
            *("--md", "input_sha", "--md", "input_md5", *kept),
        ],
        standalone_mode=False,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conda", help="a real conda, mamba or micromamba, where a channel can be reached")
    parser.add_argument("--records", type=Path, help="folder of <platform>.json: conda package records to add")
    parser.add_argument("--provenance", type=Path, help="YAML of texts for the lock's custom_metadata")
    options = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":  # conda-lock writes a set into its header comment
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S606
    if options.records:
        os.environ["CONDA_RECORDS"] = str(options.records.resolve())
    os.chdir(ROOT)
    standing = LOCK.read_bytes() if LOCK.exists() else None
    try:
        with tempfile.TemporaryDirectory() as folder:
            lock(Path(folder), options.conda, options.provenance)
    except BaseException:
        if standing is not None:
            LOCK.write_bytes(standing)
        raise


if __name__ == "__main__":
    main()
