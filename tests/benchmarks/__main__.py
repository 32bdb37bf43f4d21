"""The commands of `python -m tests.benchmarks`. Each adds its part to out/results.json; `report` writes the README."""

import argparse
import json
import os
import platform
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "out/results.json"


def main() -> int:
    os.chdir(HERE.parents[1])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")
    options = vars(_parser().parse_args())
    _run(options.pop("command"), options)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    _contenders(commands.add_parser("system", help="this design and the usual one side by side"), 40_000, 0.0)
    _contenders(commands.add_parser("latency", help="the same with a provider that takes 50 ms"), 150_000, 50.0)
    growth = commands.add_parser("growth", help="cost and memory from ten thousand to a million cities")
    growth.add_argument("--cities", dest="sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    growth.add_argument("--repeats", type=int, nargs="+", default=[5, 3, 2], help="of each size")
    flush = commands.add_parser("flush", help="recording and flushing alone")
    flush.add_argument("--cities", dest="count", type=int, default=200_000)
    flush.add_argument("--repeats", type=int, default=3)
    web = commands.add_parser("web", help="polls, cached look-ups and result pages beside a bare view; needs wrk")
    web.add_argument("--seconds", type=int, default=3)
    web.add_argument("--repeats", type=int, default=8)
    web.add_argument("--cities", dest="count", type=int, default=1_000_000)
    polled = commands.add_parser("polled", help="what 64 pollers cost a job; needs wrk")
    polled.add_argument("--cities", dest="count", type=int, default=90_000)
    polled.add_argument("--repeats", type=int, default=3)
    polled.add_argument("--flat-out", type=int, default=1, help="repeats of clients that do not obey Retry-After")
    soak = commands.add_parser("soak", help="ten minutes of everything: no errors, no growth")
    soak.add_argument("--minutes", type=float, default=10)
    soak.add_argument("--pollers", type=int, default=200)
    commands.add_parser("report", help="write the tables and the picture into tests/benchmarks/README.md")
    return parser


def _contenders(parser: argparse.ArgumentParser, cities: int, latency_ms: float) -> None:
    parser.add_argument("--cities", dest="count", type=int, default=cities)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--latency-ms", type=float, nargs="+", default=[latency_ms])
    parser.add_argument("--only", nargs="+", default=["ours", "bare pycurl"] if latency_ms else None, help="contenders")


def _run(command: str, given: dict[str, Any]) -> None:
    # Imported here, so that --help needs neither Django nor a server.
    from tests.benchmarks import flush_alone, growth, polled, report, soak, system, web

    if command == "report":
        report.write(RESULTS)
    elif command in ("system", "latency"):
        _keep(command, system.measure(**given))
    else:
        modules = {"growth": growth, "flush": flush_alone, "web": web, "polled": polled, "soak": soak}
        _keep(command, modules[command].measure(**given))


def _keep(command: str, figures: dict[str, Any]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    everything = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    print(json.dumps({name: value for name, value in figures.items() if name != "contenders"}, indent=1)[:3000])
    everything[command] = {
        "command": shlex.join(["python", "-m", "tests.benchmarks", *sys.argv[1:]]),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "load": os.getloadavg(),
        **figures,
    }
    RESULTS.write_text(json.dumps(everything, indent=1))
    print(f"Added to {RESULTS}")


if __name__ == "__main__":
    sys.exit(main())
