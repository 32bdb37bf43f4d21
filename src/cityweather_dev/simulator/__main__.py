"""`cityweather simulator`, also as `python -m cityweather_dev.simulator`: a weather provider on loopback."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import fields

from cityweather_client.arguments import Parser
from cityweather_dev.arguments import at_least, milliseconds, port, share
from cityweather_dev.processes import CannotStart
from cityweather_dev.simulator import protocol, world
from cityweather_dev.simulator.app import App
from cityweather_dev.simulator.conditions import Conditions

HELP = "Serve simulated OpenWeather and Open-Meteo answers on 127.0.0.1."


def main(arguments: Sequence[str]) -> int:
    options = vars(parser().parse_args(arguments))
    world.warm_up()
    conditions = Conditions(
        **{known.name: options[known.name] for known in fields(Conditions) if known.name in options}
    )
    try:
        protocol.run(App(conditions), options["port"], _announce)
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def parser() -> ArgumentParser:
    made = Parser("cityweather simulator", description=HELP)
    usual = Conditions()
    made.add_argument("--port", type=port, default=8089, help="0 takes a free one (default 8089)")
    made.add_argument("--latency-ms", type=milliseconds, default=usual.latency_ms, help="before each answer")
    made.add_argument("--jitter-ms", type=milliseconds, default=usual.jitter_ms, help="at most so much more, by chance")
    made.add_argument("--error-rate", type=share, default=usual.error_rate, help="share of 500s, 0 … 1")
    made.add_argument(
        "--quota-per-minute", type=at_least(0), default=usual.quota_per_minute, help="429 beyond it; 0: none"
    )
    made.add_argument(
        "--invent", type=share, default=usual.invent, help='share of names like "Town 7" that are places, 0 … 1'
    )
    made.add_argument("--seed", type=int, default=usual.seed, help="another seed is another world")
    return made


def _announce(bound: int) -> None:
    sys.stdout.write(f"The simulator answers on http://127.0.0.1:{bound} (POST /_control, GET /_stats)\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
