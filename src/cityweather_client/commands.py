"""The commands. stdout holds what was asked for, stderr how it goes, so that both can be piped."""

import sys
import uuid
from argparse import Namespace
from collections import Counter
from contextlib import closing
from typing import Any

import orjson
from requests import Response
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from cityweather_client import show, table
from cityweather_client.follow import ENDED, follow, patiently, reason
from cityweather_client.multipart import BLOCK
from cityweather_client.service import Refused, Service

OK, UNEVEN, USAGE, UNREACHABLE, REFUSED = range(5)
PATIENCE = 60.0  # seconds for an upload or a page; --follow has more
PAGE = 200  # rows
SHOWN = 5  # cities of a summary


class Broken(Exception):
    """A download ended before its end."""


def import_(service: Service, told: Namespace, err: Console) -> int:
    fields = {name: getattr(told, name) for name in ("encoding", "delimiter", "column", "header", "callback_url")}
    fields = {name: value for name, value in fields.items() if value}
    key = told.idempotency_key or f"shell-{uuid.uuid4()}"  # one for all attempts: an answer lost imports once
    job = patiently(
        lambda: _send(service, told, fields, key, err), lambda line: err.print(line, markup=False), patience=PATIENCE
    )
    err.print(
        f"{job['rows_read']:,} rows = {job['total']:,} cities + {job['duplicates']:,} duplicates "
        f"+ {job['rejected']:,} refused"
    )
    print(job["job_id"], flush=True)  # noqa: T201
    if job["rejected"]:
        err.print(_refusals(service, job), markup=False, soft_wrap=True)
    if job["rejected"] * 2 > job["rows_read"]:
        err.print(f"Warning: more than half of the rows were refused. Is {told.file.name} a CSV of cities?",
                  markup=False, soft_wrap=True)  # fmt: skip
    return verdict(_followed(service, job["job_id"], err)) if told.follow else OK


def _send(service: Service, told: Namespace, fields: dict[str, str], key: str, err: Console) -> dict[str, Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    size = told.file.stat().st_size
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as bar:
        task = bar.add_task("sending", total=size)

        def sent(done: int) -> None:
            bar.update(task, completed=done, description="sending" if done < size else "importing")

        return service.send_file(told.file, fields, key, sent)


def _refusals(service: Service, job: dict[str, Any]) -> str:
    """How many for what reason, as the first page shows."""
    try:
        rows = service.get(f"/bulk/jobs/{job['job_id']}/rejected", limit=PAGE)["results"]
    except (OSError, Refused):  # the job runs all the same
        rows = []
    counts = Counter(row["code"] for row in rows).most_common()
    first = f" (of the first {len(rows)})" if len(rows) < job["rejected"] else ""
    why = f": {', '.join(f'{count} {code}' for code, count in counts)}{first}" if counts else ""
    return f"{job['rejected']:,} refused{why}; cityweather rejected {job['job_id']}"


def status(service: Service, told: Namespace, err: Console) -> int:
    job = _followed(service, told.job, err) if told.follow else service.job(told.job)
    if told.json:
        print(orjson.dumps(job, option=orjson.OPT_INDENT_2).decode())  # noqa: T201
    elif not told.follow:
        Console(highlight=False).print(show.line(job), markup=False, soft_wrap=True)
    return verdict(job)


def _followed(service: Service, job_id: str, err: Console) -> dict[str, Any]:
    """The job as it ended, its progress told on stderr."""
    with show.bar(err) as bar:
        job = follow(service, job_id, bar)
    err.print(show.line(job), markup=False, soft_wrap=True)
    if job["failed"]:
        for failure in service.summary(job_id, SHOWN)["failures"]:
            err.print(f"  {failure['count']:>7,}  {failure['reason']}", markup=False)
    return job


def verdict(job: dict[str, Any]) -> int:
    if job["status"] not in ENDED:
        return OK
    return OK if job["status"] == "done" and not job["failed"] else UNEVEN


def results(service: Service, told: Namespace, err: Console) -> int:
    only = {"status": told.status} if told.status else {}
    return _rows(service, told, err, table.RESULTS, only)


def rejected(service: Service, told: Namespace, err: Console) -> int:
    return _rows(service, told, err, table.REJECTED, {})


def _rows(service: Service, told: Namespace, err: Console, shape: table.Shape, only: dict[str, str]) -> int:
    path = f"/bulk/jobs/{told.job}/{told.command}"

    def say(line: str) -> None:
        err.print(line, markup=False)

    if told.format == "csv":
        _copy(patiently(lambda: service.download(path, format="csv", **only), say, patience=PATIENCE))
        return OK

    def page(cursor: str | None) -> dict[str, Any]:
        where = {"cursor": cursor} if cursor else {}
        return patiently(lambda: service.get(path, limit=PAGE, **only, **where), say, patience=PATIENCE)

    found = table.rows(page)
    if told.format == "json":
        table.write_json(found, sys.stdout)
    else:
        table.write_table(shape, found, sys.stdout)
    return OK


def _copy(answer: Response) -> None:
    """To stdout. Raises Broken."""
    with closing(answer):
        try:
            for piece in answer.iter_content(BLOCK):
                sys.stdout.buffer.write(piece)
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            raise Broken(reason(error)) from None
    sys.stdout.buffer.flush()


def weather(service: Service, told: Namespace, err: Console) -> int:  # noqa: ARG001
    found = service.get("/weather", city=told.city)
    if told.json:
        print(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())  # noqa: T201
    else:
        Console(highlight=False).print(show.weather(found), markup=False, soft_wrap=True)
    return OK
