"""Runs the usual design (naive.py) on the stage and waits until its counters show that all is done."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cityweather_dev.processes import spawn
from tests.benchmarks.contender import Run
from tests.benchmarks.costs import Meter
from tests.benchmarks.stage import Stage, environment

PATIENCE = 300.0  # seconds


@contextmanager
def worker(stage: Stage, tuned: bool) -> Iterator[int]:
    command = [str(Path(sys.executable).parent / "celery"), "--quiet", "-A", "tests.benchmarks.naive", "worker"]
    command += ["-c", "2", "--loglevel", "ERROR"]
    if tuned:
        command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    with (stage.folder / "naive.log").open("ab") as log:
        process = spawn(command, output=log)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def run(stage: Stage, count: int, *, tuned: bool, latency: float = 0.0) -> Run:
    with environment(**stage.environment(latency), NAIVE_TUNED=str(int(tuned))):
        subprocess.run([sys.executable, "-m", "cityweather_dev.prepare"], check=True, stdout=subprocess.DEVNULL)
        with worker(stage, tuned) as pid:
            time.sleep(3)  # its start is nobody's cost
            meter = Meter({"fetch": pid, **stage.pids})
            sender = subprocess.Popen(
                [sys.executable, "-m", "tests.benchmarks.naive", str(count)], stdout=subprocess.PIPE, text=True
            )
            assert sender.stdout is not None
            job_id = sender.stdout.readline().strip()
            began = time.monotonic()
            while _processed(stage, job_id) < count:
                if time.monotonic() > began + PATIENCE:
                    raise SystemExit("The usual design did not end.")
                time.sleep(0.25)
            wall, cpu = time.monotonic() - began, meter.used()
            cpu["web"] = float(sender.stdout.readline())
            sender.wait()
            name = "usual, tuned" if tuned else "usual"
            return Run(name, count, latency, wall, cpu, wall, meter.peaks())


def _processed(stage: Stage, job_id: str) -> int:
    row = stage.ask("SELECT processed FROM cityweather_bulkjob WHERE job_id = %s", job_id)
    return int(row[0]) if row else 0
