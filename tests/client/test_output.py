"""What becomes of a command whose output cannot be written: a full disk, a reader that left, a closed stream."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cityweather_dev.processes import free_port
from tests.support.scripted import JOB, ROOT, Scripted, always, job, row

WEATHER = {"city": "Oslo", "country": "NO", "temperature": 0.56, "humidity": 58, "description": "overcast clouds",
           "condition": "Clouds", "stale": False}  # fmt: skip
CLIENT = [["weather", "Oslo"], ["results", JOB], ["results", JOB, "--format", "csv"]]
OTHERS = [["--version"], ["help"], ["help", "--commands"], ["import", "--help"], ["doctor"], ["check"]]
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")


@pytest.fixture
def service(server: Scripted) -> Scripted:
    server.on["GET", "/weather"] = always(WEATHER)
    server.on["GET", f"/bulk/jobs/{JOB}/results"] = always({"results": [row("Oslo")], "next": None})
    server.on["POST", "/bulk/import"] = always(job("queued", 0), 202)
    server.on["GET", "/bulk/jobs/nope"] = always({"detail": "There is no such job.", "code": "job_not_found"}, 404)
    return server


def shell(
    line: str, *arguments: str, server: str = "", stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """`line` is the shell's, with "$@" for the command."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), "CITYWEATHER_SERVER": server}
    environment |= {"DEBUG": "true", "DATABASE_URL": "sqlite://", "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    command = [sys.executable, "-m", "cityweather", *arguments]
    return subprocess.run(
        ["sh", "-c", line, "sh", *command],
        env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip


@FULL
@pytest.mark.parametrize("arguments", CLIENT + OTHERS)
def test_a_full_disk_behind_the_output_is_exit_74(service: Scripted, arguments: list[str]) -> None:
    done = shell('"$@" >/dev/full', *arguments, server=service.url)
    assert done.returncode == 74
    assert done.stderr.endswith("The output could not be written: No space left on device.\n")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("arguments", CLIENT + OTHERS)
def test_a_reader_that_left_is_no_trouble(service: Scripted, arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = shell('"$@"', *arguments, server=service.url, stdout=writer)
    os.close(writer)
    assert done.returncode == 0
    assert "Error" not in done.stderr
    assert "Exception ignored" not in done.stderr


@FULL
def test_messages_that_cannot_be_written_change_no_exit_code(service: Scripted, tmp_path: Path) -> None:
    (tmp_path / "towns.csv").write_text("city\nOslo\n")
    done = shell('"$@" 2>/dev/full', "import", str(tmp_path / "towns.csv"), server=service.url)
    assert (done.returncode, done.stdout) == (0, f"{JOB}\n")
    for arguments, code in ((["status", "nope"], 4), (["status"], 2), (["up", "--port", "x"], 2), (["audit", "x"], 1)):
        assert shell('"$@" 2>/dev/full', *arguments, server=service.url).returncode == code


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_is_no_traceback(service: Scripted, closed: str) -> None:
    for arguments, code in ((["weather", "Oslo"], 0), (["--version"], 0), (["status", "nope"], 4), (["check"], 0)):
        done = shell(f'"$@" {closed}', *arguments, server=service.url)
        assert done.returncode == code
        assert "Traceback" not in done.stderr
