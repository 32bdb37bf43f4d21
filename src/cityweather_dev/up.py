"""`cityweather up`: the whole service on this machine in one command."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence

from cityweather_client.arguments import Parser, folder
from cityweather_client.local_service import DATA
from cityweather_dev.arguments import at_least, port
from cityweather_dev.console import Stopped, announce, arm_signals, ignore_signals, prefixed
from cityweather_dev.processes import CannotStart
from cityweather_dev.stack import Stack, StackOptions

HELP = "Run Redis, web, workers, bookkeeper and beat here until Ctrl-C. REDIS_URL and DATABASE_URL replace its own."


def main(arguments: Sequence[str]) -> int:
    options = parser().parse_args(arguments)
    log = prefixed()
    stack = Stack(
        StackOptions(options.data, options.port, options.workers, options.simulator, invent=options.invent), log
    )
    try:
        arm_signals()
        stack.start()
        announce(stack, lambda line: log("up", line), on_terminal=sys.stdout.isatty())
        while True:
            stack.supervisor.tend(3600)
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except Stopped:
        log("up", "stopping")
    finally:
        ignore_signals()
        stack.stop()
    log("up", f"stopped; the data stay in {stack.folder.path}")
    return 0


def parser() -> ArgumentParser:
    made = Parser("cityweather up", description=HELP)
    made.add_argument("--port", type=port, help="of the web service; 0 takes a free one (default: the last, or 8000)")
    made.add_argument("--data", type=folder, default=DATA, help="folder for state (default .data)")
    made.add_argument("--workers", type=at_least(1), default=2, help="processes that fetch (default 2)")
    made.add_argument(
        "--simulator", action="store_true", default=None, help="simulate the provider even where a key is set"
    )
    made.add_argument("--invent", action="store_true", help='the simulator knows names like "Town 7", too')
    return made
