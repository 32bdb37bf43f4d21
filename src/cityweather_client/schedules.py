"""`cityweather schedule …`: refresh a job's cities again and again."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Any

from rich.console import Console

from cityweather_client import table
from cityweather_client.arguments import filled, identifier, text
from cityweather_client.service import Service

PAGE = 200  # schedules


def add_arguments(whole: ArgumentParser) -> list[ArgumentParser]:
    """The parsers of the actions."""
    parts = whole.add_subparsers(dest="action", required=True)
    add = parts.add_parser("add", help="refresh the cities of a job or file from now on; prints the schedule's id")
    _of_add(add)
    others = [parts.add_parser("list", help="all schedules, newest first")]
    for name, words in (
        ("show", "when it runs next, its last job, and how many runs were skipped"),
        ("pause", "start no more jobs until it is resumed"),
        ("resume", "go on after a pause"),
        ("delete", "end it; its jobs stay"),
    ):
        other = parts.add_parser(name, help=words)
        other.add_argument("schedule", type=identifier("schedule"), help="its id")
        others.append(other)
    return [add, *others]


def _of_add(add: ArgumentParser) -> None:
    source = add.add_mutually_exclusive_group(required=True)
    source.add_argument("job", nargs="?", type=identifier("job"), help="the job whose cities are refreshed")
    source.add_argument(
        "--path", type=filled, help="instead of a job: a CSV on the server, below IMPORT_DIR; it is imported once, now"
    )
    moments = add.add_mutually_exclusive_group(required=True)
    moments.add_argument(
        "--every",
        type=filled,
        metavar="TIME",
        help="15m, 1h, 1d; at least the server's CACHE_TTL (900 s by default), at most 31d",
    )
    moments.add_argument("--cron", type=filled, metavar="LINE", help='five fields, for example "0 6 * * mon-fri"')
    add.add_argument(
        "--timezone", type=filled, default="UTC", help="of the cron line, for example Europe/Rome (default UTC)"
    )
    add.add_argument("--label", type=text, default="", metavar="TEXT", help="a name for it and for its jobs")


def run(service: Service, args: Namespace, err: Console) -> int:  # noqa: ARG001
    for line in ACTIONS[args.action](service, args):
        print(line, flush=True)  # noqa: T201
    return 0


def _add(service: Service, args: Namespace) -> list[str]:
    moments = {"every": args.every} if args.every else {"cron": args.cron}
    source = {"path": args.path} if args.path else {"job_id": args.job}
    body = {**source, "timezone": args.timezone, "label": args.label, **moments}
    return [service.call("POST", "/bulk/schedules", json=body)["schedule_id"]]


def _list(service: Service, args: Namespace) -> list[str]:  # noqa: ARG001
    def page(cursor: str | None) -> dict[str, Any]:
        return service.get("/bulk/schedules", limit=PAGE, **({"cursor": cursor} if cursor else {}))

    return [_line(schedule) for schedule in table.rows(page)]


def _show(service: Service, args: Namespace) -> list[str]:
    return [_line(service.get(f"/bulk/schedules/{args.schedule}"))]


def _pause(service: Service, args: Namespace) -> list[str]:
    paused = args.action == "pause"
    return [_line(service.call("PATCH", f"/bulk/schedules/{args.schedule}", json={"paused": paused}))]


def _delete(service: Service, args: Namespace) -> list[str]:
    service.delete(f"/bulk/schedules/{args.schedule}")
    return []


ACTIONS: dict[str, Callable[[Service, Namespace], list[str]]] = {
    "add": _add, "list": _list, "show": _show, "pause": _pause, "resume": _pause, "delete": _delete,
}  # fmt: skip


def _line(schedule: dict[str, Any]) -> str:
    """One line on a schedule."""
    when = f"every {schedule['every']}" if schedule["every"] else f"cron {schedule['cron']} {schedule['timezone']}"
    words = [schedule["schedule_id"], when, schedule["label"], f"cities of job {schedule['job_id']}"]
    if schedule["paused"]:
        words.append(f"paused: {schedule['pause_reason']}" if schedule["pause_reason"] else "paused")
    else:
        words.append(f"next {schedule['next_at']}")
    words.append(f"last job {schedule['last_job']}" if schedule["last_job"] else "no job yet")
    words.append(f"{schedule['skipped']:,} skipped" if schedule["skipped"] else "")
    return table.printable("  ".join(filter(None, words)))
