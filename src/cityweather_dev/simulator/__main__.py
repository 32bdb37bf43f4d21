"""`python -m cityweather_dev.simulator`: the same as `cityweather simulator`, without loading Django."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields

from cityweather_dev.processes import CannotStart
from cityweather_dev.simulator.conditions import Conditions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    usual = Conditions()
    parser.add_argument("--port", type=int, default=8089, help="0 takes a free one (default 8089)")
    parser.add_argument("--latency-ms", type=float, default=usual.latency_ms, help="before each answer")
    parser.add_argument("--jitter-ms", type=float, default=usual.jitter_ms, help="at most so much more, by chance")
    parser.add_argument("--error-rate", type=float, default=usual.error_rate, help="share of 500s, 0 … 1")
    parser.add_argument("--quota-per-minute", type=int, default=usual.quota_per_minute, help="429 beyond it; 0: none")
    parser.add_argument("--unknown-rate", type=float, default=usual.unknown_rate, help="share of unknown cities, 0 … 1")
    parser.add_argument("--seed", type=int, default=usual.seed, help="another seed is another world")


def run(options: dict[str, object]) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises CannotStart."""
    from cityweather_dev.simulator import protocol, world  # noqa: PLC0415  # needs development packages
    from cityweather_dev.simulator.app import App  # noqa: PLC0415

    world.atlas()  # now, so that the first answer is not late
    names = {known.name for known in fields(Conditions)}
    conditions = Conditions(**{name: value for name, value in options.items() if name in names})  # type: ignore[arg-type]

    def started(port: int) -> None:
        sys.stdout.write(f"The simulator answers on http://127.0.0.1:{port} (POST /_control, GET /_stats)\n")
        sys.stdout.flush()

    protocol.run(App(conditions), int(str(options["port"])), started)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="simulator", description="A weather provider on 127.0.0.1.")
    add_arguments(parser)
    try:
        run(vars(parser.parse_args(arguments)))
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
