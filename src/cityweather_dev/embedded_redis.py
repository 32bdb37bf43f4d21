"""`cityweather redis`: the Redis that `up` would run, for parts that are started by hand."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence

from cityweather_client.arguments import Parser, folder
from cityweather_client.local_service import DATA
from cityweather_dev.arguments import port
from cityweather_dev.console import Stopped, arm_signals, ignore_signals
from cityweather_dev.folder import Folder
from cityweather_dev.processes import CannotStart
from cityweather_dev.valkey import PERSISTENT, Valkey

USUAL = 6379  # as in the default of REDIS_URL
HELP = "Run the embedded Valkey (or a Redis on PATH) here until Ctrl-C, with what `up` keeps in the same folder."


def main(arguments: Sequence[str]) -> int:
    options = parser().parse_args(arguments)
    folder = Folder(options.data)  # its lock keeps an `up` from writing the same files
    server = Valkey(folder.path / "redis", options.port or None, **PERSISTENT)
    try:
        arm_signals()
        folder.open()
        print(f"REDIS_URL={server.start().url}", flush=True)  # noqa: T201
        server.wait()
        sys.stderr.write(f"It ended by itself; {server.log} may hold the reason.\n")
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
    except Stopped:
        print("stopped")  # noqa: T201
        return 0
    finally:
        ignore_signals()
        server.stop()
        folder.close()
    return 1


def parser() -> ArgumentParser:
    made = Parser("cityweather redis", description=HELP)
    made.add_argument("--port", type=port, default=USUAL, help="0 takes a free one (default %(default)s)")
    made.add_argument("--data", type=folder, default=DATA, help="folder for state (default %(default)s)")
    return made
