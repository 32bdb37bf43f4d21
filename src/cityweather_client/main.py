"""Parses the command line and turns what can happen into an exit code."""

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from cityweather_client import commands, target
from cityweather_client.follow import Away, reason
from cityweather_client.local_service import DATA
from cityweather_client.service import Refused, Service

EPILOG = """\
exit codes:
  0  done; for a job that has ended: every row succeeded
  1  the job ended with failed rows, was cancelled, or failed
  2  the command line is not understood
  3  the server is not reachable, broke off, or is not able to answer (5xx)
  4  the server refused: wrong key, no such job, no such city, …
  130  stopped with Ctrl-C; a job goes on without you (--follow again, or cancel it on the page)

The server is --server, else CITYWEATHER_SERVER, else the `cityweather up` that runs with --data, else
http://127.0.0.1:8000. The key is --api-key, else CITYWEATHER_API_KEY, else that of the same `up`;
the environment is the better place for a key: other users of a machine can read command lines.

examples:
"""
ELSEWHERE = "Does the service run? --server or CITYWEATHER_SERVER names another one, --data the folder of another `up`."
KEY_HINT = " Give the key with CITYWEATHER_API_KEY or --api-key."
EXAMPLES = {
    "import": """\
  cityweather import towns.csv --follow
  JOB=$(cityweather import towns.csv) && cityweather status "$JOB" --follow
  cityweather import towns.csv --encoding cp1252 --column ort --server https://weather.example.com
""",
    "status": """\
  cityweather status 6d9b5472-a3a7-414e-9b83-da22c2226808
  cityweather status 6d9b5472-a3a7-414e-9b83-da22c2226808 --follow && echo "every city refreshed"
""",
    "results": """\
  cityweather results 6d9b5472-a3a7-414e-9b83-da22c2226808 --format csv > results.csv
  cityweather results 6d9b5472-a3a7-414e-9b83-da22c2226808 --status failed
""",
    "rejected": """\
  cityweather rejected 6d9b5472-a3a7-414e-9b83-da22c2226808
  cityweather rejected 6d9b5472-a3a7-414e-9b83-da22c2226808 --format csv > rejected.csv
""",
    "weather": """\
  cityweather weather Oslo
  cityweather weather "Portland,OR,US" --json
""",
}
HELP = {
    "import": "send a CSV (also .csv.gz) to a service; prints the job's id",
    "status": "how far a job is; --follow waits for its end",
    "results": "a job's rows, as a table, CSV or JSON",
    "rejected": "the refused rows of its upload, likewise, and why",
    "weather": "the current weather of one city",
}


def parser() -> ArgumentParser:
    whole = ArgumentParser("cityweather", description="A service's client: speaks HTTP, needs no settings.")
    parts = whole.add_subparsers(dest="command", required=True)
    made = {
        name: parts.add_parser(
            name, help=words, description=f"{words[0].upper()}{words[1:]}.", epilog=EPILOG + EXAMPLES[name],
            formatter_class=RawDescriptionHelpFormatter,
        )
        for name, words in HELP.items()
    }  # fmt: skip
    _import(made["import"])
    for name in ("status", "results", "rejected"):
        made[name].add_argument("job", help="its id")
    made["status"].add_argument("--follow", action="store_true", help="show the progress until it has ended")
    for name in ("results", "rejected"):
        made[name].add_argument("--format", choices=["table", "csv", "json"], default="table")
    made["results"].add_argument("--status", choices=["success", "failed", "pending"], help="only these rows")
    made["weather"].add_argument("city", help='a name, or "name,country"')
    for name in ("status", "weather"):
        made[name].add_argument("--json", action="store_true", help="the service's answer as it is")
    for one in made.values():
        one.add_argument("--server", metavar="URL", help="the service's address")
        one.add_argument("--api-key", metavar="KEY", help="better in CITYWEATHER_API_KEY")
        one.add_argument("--data", metavar="DIR", type=Path, default=DATA, help="of `up` (default %(default)s)")
    return whole


def _import(one: ArgumentParser) -> None:
    one.add_argument("file", type=_file)
    one.add_argument("--follow", action="store_true", help="show the progress until the job has ended")
    one.add_argument("--encoding", help="when it is neither UTF-8 nor marked as UTF-16: cp1252, shift_jis, …")
    one.add_argument("--delimiter", help="comma, semicolon, tab or pipe (default: as the first line shows)")
    one.add_argument("--column", help="the cities' column: its header or its number from 1")
    one.add_argument("--no-header", dest="header", action="store_const", const="false", help="line 1 is a city")
    one.add_argument("--callback-url", metavar="URL", help="is told when the job has ended, if the service allows it")
    one.add_argument("--idempotency-key", metavar="KEY", help="the same file with the same key is imported once")


def _file(name: str) -> Path:
    path = Path(name)
    if path.is_dir():
        raise ArgumentTypeError(f"{name} is a folder")
    if not path.is_file():
        raise ArgumentTypeError(f"there is no file {name}")
    return path


RUN = {
    "import": commands.import_,
    "status": commands.status,
    "results": commands.results,
    "rejected": commands.rejected,
    "weather": commands.weather,
}


def main(arguments: Sequence[str]) -> int:
    err = Console(stderr=True, highlight=False)
    told = parser().parse_args(arguments)
    try:
        found = target.find(told.server, told.api_key, told.data)
    except target.BadServer as error:
        err.print(str(error), markup=False)
        return commands.USAGE
    service = Service(found.url, found.api_key)
    try:
        return RUN[told.command](service, told, err)
    except Refused as error:
        hint = KEY_HINT if error.status in (401, 403) else ""
        err.print(f"{found.url} refused: {error.detail}{hint}", markup=False, soft_wrap=True)
        return commands.UNREACHABLE if error.status >= 500 else commands.REFUSED
    except BrokenPipeError:  # who read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return commands.OK
    except (Away, commands.Broken) as error:
        why = str(error)
    except OSError as error:
        why = reason(error)
    except KeyboardInterrupt:
        return 130
    finally:
        service.close()
    err.print(f"{found.url}: {why} {ELSEWHERE}", markup=False, soft_wrap=True)
    return commands.UNREACHABLE
