"""The commands of `python -m tests.benchmarks`; each adds its part to out/results.json."""

import argparse
import json
import os
import platform
import shlex
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "out/results.json"
KEPT = HERE / "results"


def main() -> int:
    os.chdir(HERE.parents[1])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _system(commands.add_parser("system", help="ours, the usual design and others side by side"))
    _system(commands.add_parser("latency", help="ours beside the bare client before a provider that takes 50 ms"))
    growth = commands.add_parser("growth", help="cost and memory from ten thousand to a million cities")
    growth.add_argument("--cities", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    growth.add_argument("--repeats", type=int, nargs="+", default=[5, 3, 2], help="of each size")
    flush = commands.add_parser("flush", help="recording and flushing alone")
    flush.add_argument("--cities", type=int, default=200_000)
    flush.add_argument("--repeats", type=int, default=3)
    web = commands.add_parser("web", help="polls, weather look-ups, result pages; needs wrk")
    web.add_argument("--seconds", type=int, default=3)
    web.add_argument("--repeats", type=int, default=8)
    web.add_argument("--cities", type=int, default=1_000_000)
    polled = commands.add_parser("polled", help="what 64 pollers cost a job; needs wrk")
    polled.add_argument("--cities", type=int, default=90_000)
    polled.add_argument("--repeats", type=int, default=3)
    polled.add_argument("--flat-out", type=int, default=1, help="repeats of clients that do not obey Retry-After")
    soak = commands.add_parser("soak", help="ten minutes of everything: no errors, no growth")
    soak.add_argument("--minutes", type=float, default=10)
    soak.add_argument("--pollers", type=int, default=200)
    dispatching = commands.add_parser("dispatching", help="the window against all batches enqueued up front")
    dispatching.add_argument("--cities", type=int, default=100_000)
    dispatching.add_argument("--repeats", type=int, default=3)
    dispatching.add_argument("--workers", type=int, nargs="+", default=[2, 8])
    simulator = commands.add_parser("simulator", help="requests a second of the simulator; needs wrk")
    simulator.add_argument("--seconds", type=int, default=5)
    killed = commands.add_parser("killed", help="what a killed worker costs, with early acks and with late ones")
    killed.add_argument("--cities", type=int, default=120_000)
    killed.add_argument("--repeats", type=int, default=3)
    commands.add_parser("report", help="picture, table, and the copies that are kept")
    options = vars(parser.parse_args())
    _run(options.pop("command"), options)
    return 0


def _system(parser: argparse.ArgumentParser) -> None:
    slow = parser.prog.endswith("latency")
    parser.add_argument("--cities", type=int, default=150_000 if slow else 40_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--latency-ms", type=float, nargs="+", default=[50.0 if slow else 0.0])
    only = ["ours", "bare pycurl"] if slow else None
    parser.add_argument("--only", nargs="+", default=only, help="contenders' names")


def _run(command: str, options: dict[str, Any]) -> None:
    from tests.benchmarks import dispatching, flush_alone, growth, killed, polled, report, simulator, soak, system, web

    def side_by_side() -> dict[str, Any]:
        latencies = [ms / 1000 for ms in options["latency_ms"]]
        return system.measure(options["cities"], options["repeats"], latencies, options["only"])

    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "system": side_by_side,
        "latency": side_by_side,
        "growth": lambda: growth.measure(options["cities"], options["repeats"]),
        "dispatching": lambda: dispatching.measure(options["cities"], options["repeats"], options["workers"]),
        "killed": lambda: killed.measure(options["cities"], options["repeats"]),
        "flush": lambda: flush_alone.measure(options["cities"], options["repeats"]),
        "simulator": lambda: simulator.measure(options["seconds"]),
        "polled": lambda: polled.measure(options["cities"], options["repeats"], options["flat_out"]),
        "soak": lambda: soak.measure(options["minutes"], options["pollers"]),
        "web": lambda: web.measure(options["seconds"], options["repeats"], options["cities"]),
    }
    if command == "report":
        report.write(RESULTS, KEPT)
    else:
        _keep(command, measures[command]())


def _keep(command: str, found: dict[str, Any]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    everything = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    print(json.dumps({name: value for name, value in found.items() if name != "contenders"}, indent=1)[:3000])
    everything[command] = {
        "command": shlex.join(["python", "-m", "tests.benchmarks", *sys.argv[1:]]),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "load": os.getloadavg(),
        **found,
    }
    RESULTS.write_text(json.dumps(everything, indent=1))
    print(f"Added to {RESULTS}")
