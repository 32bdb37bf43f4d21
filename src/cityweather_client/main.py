"""Parses the command line and turns what can happen into an exit code.

It uses argparse, because that needs no package; the exit codes are ours with any parser.
"""

import re
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from contextlib import closing

import requests
from rich.console import Console

from cityweather_client import commands, schedules, target
from cityweather_client.arguments import Parser, file, filled, folder, header, identifier, line_number, text
from cityweather_client.follow import BrokenOff, Unreachable, reason
from cityweather_client.multipart import FileUnreadable
from cityweather_client.service import BadProxy, NoTls, Refused, Service

EPILOG = """\
exit codes:
  0  done; for a job that has ended: every row succeeded
  1  the job ended with failed rows, was cancelled, or failed
  2  the command line, the file or the address is not usable
  3  the server is not reachable, broke off, or is not able to answer (5xx)
  4  the server refused: wrong key, no such job, no such city, …
  74  the output could not be written
  130  stopped with Ctrl-C; a job goes on without you (--follow it again, or `cityweather cancel JOB`)

The server is --server, else CITYWEATHER_SERVER, else the `cityweather up` that runs with --data, else
http://127.0.0.1:8000. The key is --api-key, else CITYWEATHER_API_KEY, else that of the same `up`;
the environment is the better place for a key: other users of a machine can read command lines.

examples:
"""
ELSEWHERE = "Does the service run? --server or CITYWEATHER_SERVER names another one, --data the folder of another `up`."
KEY_HINT = " Give the key with CITYWEATHER_API_KEY or --api-key."
EXAMPLES = {
    "import": """\
  cityweather import towns.csv --dry-run
  cityweather import towns.csv --follow
  JOB=$(cityweather import towns.csv) && cityweather status "$JOB" --follow
  cityweather import towns.csv --encoding cp1252 --column ort --server https://weather.example.com
  zcat towns.csv.gz | cityweather import - --follow
""",
    "status": """\
  cityweather status 6d9b5472-a3a7-414e-9b83-da22c2226808
  cityweather status 6d9b5472-a3a7-414e-9b83-da22c2226808 --follow && echo "every city refreshed"
""",
    "cancel": """\
  cityweather cancel 6d9b5472-a3a7-414e-9b83-da22c2226808
""",
    "rerun": """\
  cityweather rerun 6d9b5472-a3a7-414e-9b83-da22c2226808 --follow
  cityweather rerun 6d9b5472-a3a7-414e-9b83-da22c2226808 --older-than 6h
""",
    "results": """\
  cityweather results 6d9b5472-a3a7-414e-9b83-da22c2226808 --format csv > results.csv
  cityweather results 6d9b5472-a3a7-414e-9b83-da22c2226808 --format geojson --units imperial > map.geojson
  cityweather results 6d9b5472-a3a7-414e-9b83-da22c2226808 --status failed
""",
    "rejected": """\
  cityweather rejected 6d9b5472-a3a7-414e-9b83-da22c2226808
  cityweather rejected 6d9b5472-a3a7-414e-9b83-da22c2226808 --format csv > rejected.csv
""",
    "schedule": """\
  cityweather schedule add 6d9b5472-a3a7-414e-9b83-da22c2226808 --every 1h
  cityweather schedule add 6d9b5472-a3a7-414e-9b83-da22c2226808 --cron "0 6 * * *" --timezone Europe/Rome
  cityweather schedule add --path towns.csv --every 1d
  cityweather schedule list
""",
    "weather": """\
  cityweather weather Oslo
  cityweather weather "Portland,OR,US" --json
""",
}
FLAGS = {"header=true": "--header", "header=false": "--no-header", "quotes=none": "--no-quotes"}
HELP = {
    "import": "send a CSV (also .csv.gz) to a service; prints the job's id",
    "status": "how far a job is; --follow waits for its end",
    "cancel": "end a job early; the cities refreshed so far stay refreshed",
    "rerun": "refresh the cities of an ended job again; prints the new job's id",
    "results": "a job's rows, as a table or a file",
    "rejected": "the rejected rows of its upload, likewise, and why",
    "schedule": "refresh a job's cities again and again",
    "weather": "the current weather of one city",
}


def parser() -> ArgumentParser:
    whole = Parser("cityweather", description="A service's client: speaks HTTP, needs no settings.")
    parts = whole.add_subparsers(dest="command", required=True)
    made = {
        name: parts.add_parser(
            name, help=words, description=f"{words[0].upper()}{words[1:]}.", epilog=EPILOG + EXAMPLES[name],
            formatter_class=RawDescriptionHelpFormatter,
        )
        for name, words in HELP.items()
    }  # fmt: skip
    _import(made["import"])
    _jobs(made)
    made["weather"].add_argument("city", type=text, help='a name, or "name,country"')
    for name in ("results", "weather"):
        made[name].add_argument("--units", choices=["metric", "imperial"], default="metric", help="imperial: °F, mph")
    for name in ("status", "weather"):
        made[name].add_argument("--json", action="store_true", help="the service's answer as it is")
    actions = schedules.add_arguments(made["schedule"])
    for one in (*made.values(), *actions):
        one.set_defaults(parser=one)
        one.add_argument("--server", metavar="URL", help="the service's address")
        one.add_argument("--api-key", metavar="KEY", help="better in CITYWEATHER_API_KEY")
        one.add_argument("--data", metavar="DIR", type=folder, help="of `up` (default .data)")
    return whole


def _import(one: ArgumentParser) -> None:
    one.add_argument("file", type=file, help="a CSV, also .csv.gz; - reads standard input")
    one.add_argument("--follow", action="store_true", help="show the progress until the job has ended")
    one.add_argument("--dry-run", action="store_true", help="show what an import would do; nothing is kept")
    one.add_argument(
        "--encoding", type=text, help="when it is neither UTF-8 nor marked as UTF-16: cp1252, shift_jis, …"
    )
    one.add_argument("--delimiter", type=text, help="comma, semicolon, tab or pipe (default: as the first line shows)")
    one.add_argument("--column", type=text, help="the cities' column: its header or its number from 1; 0: none")
    for part in ("country", "region", "latitude", "longitude"):
        one.add_argument(f"--{part}-column", type=text, metavar="COLUMN", help=f"that of the {part}; 0: none")
    one.add_argument("--header", action="store_const", const="true", help="the first row names the columns")
    one.add_argument("--header-line", dest="header", type=line_number, metavar="N", help="line N names the columns")
    one.add_argument("--no-header", dest="header", action="store_const", const="false", help="the first row is a city")
    one.add_argument("--no-quotes", dest="quotes", action="store_const", const="none", help='" means nothing')
    one.add_argument(
        "--callback-url", type=text, metavar="URL", help="gets a POST when the job has ended, if the service allows it"
    )
    one.add_argument(
        "--ambiguous", choices=("likeliest", "fail"), help="a name that fits several places (default: likeliest)"
    )
    one.add_argument("--label", type=text, metavar="TEXT", help="a name for the job, at most 100 characters")
    one.add_argument(
        "--idempotency-key", type=header, metavar="KEY", help="the same file with the same key is imported once"
    )


def _jobs(made: dict[str, Parser]) -> None:
    """The commands about one job."""
    for name in ("status", "cancel", "rerun", "results", "rejected"):
        made[name].add_argument("job", type=identifier("job"), help="its id")
    for name in ("status", "rerun"):
        made[name].add_argument("--follow", action="store_true", help="show the progress until it has ended")
    rerun, results, rejected = made["rerun"], made["results"], made["rejected"]
    rerun.add_argument("--only", choices=["failed", "ambiguous"], help="only these rows")
    rerun.add_argument(
        "--older-than", type=filled, metavar="TIME", help="only cities refreshed longer ago: 90m, 6h, 7d"
    )
    rerun.add_argument(
        "--idempotency-key", type=header, metavar="KEY", help="the same call with the same key starts one job"
    )
    results.add_argument("--format", choices=["table", "json", "csv", "ndjson", "geojson"], default="table")
    results.add_argument("--status", choices=["success", "failed", "pending"], help="only these rows")
    rejected.add_argument("--format", choices=["table", "json", "csv", "ndjson"], default="table")


RUN = {
    "import": commands.import_,
    "status": commands.status,
    "cancel": commands.cancel,
    "rerun": commands.rerun,
    "results": commands.results,
    "rejected": commands.rejected,
    "schedule": schedules.run,
    "weather": commands.weather,
}


def main(arguments: Sequence[str]) -> int:
    err = Console(stderr=True, highlight=False)
    args, unknown = parser().parse_known_args(arguments)
    if unknown:
        args.parser.error(f"unrecognized arguments: {' '.join(unknown)}")  # with the usage of this command
    try:
        where = target.find(args.server, args.api_key, args.data)
    except target.BadTarget as error:
        err.print(str(error), markup=False, soft_wrap=True)
        return commands.USAGE
    code, sentence = _run(args, where, err)
    if sentence:
        err.print(sentence, markup=False, soft_wrap=True)
    return code


def _run(args: Namespace, where: target.Target, err: Console) -> tuple[int, str]:
    """The exit code and the sentence that explains it."""
    try:
        with closing(Service(where.url, where.api_key)) as service:
            return RUN[args.command](service, args, err), ""
    except Refused as error:
        hint = KEY_HINT if error.status in (401, 403) else ""
        code = commands.UNREACHABLE if error.status >= 500 else commands.REFUSED
        return code, f"{where.url} refused: {_with_time(_as_options(error.detail), error.retry_after)}{hint}"
    except (FileUnreadable, NoTls, BadProxy) as error:
        return commands.USAGE, str(error)
    except (BrokenOff, Unreachable) as error:
        hint = f" {ELSEWHERE}" if isinstance(error, Unreachable) else ""
        return commands.UNREACHABLE, f"{where.url}: {error}{hint}"
    except requests.RequestException as error:
        return commands.UNREACHABLE, f"{where.url}: {reason(error)} {ELSEWHERE}"
    except KeyboardInterrupt:
        return 130, ""


def _with_time(detail: str, retry_after: float | None) -> str:
    """The service gives the time in a header; `retry_after` in seconds."""
    return detail if retry_after is None else detail.replace("after the time given", f"in {retry_after:.0f} s")


def _as_options(detail: str) -> str:
    """The service speaks of form fields; in the shell they are options."""
    for field, option in FLAGS.items():
        detail = detail.replace(field, option)
    detail = re.sub(r"\bheader=(?=\d)", "--header-line ", detail)
    return re.sub(r"\b((?:[a-z]+_)?column|encoding|delimiter)=(\S)?", _as_option, detail)


def _as_option(field: re.Match[str]) -> str:
    name, value = field.groups()
    option = f"--{name.replace('_', '-')}"
    return f"{option} {value}" if value else option
