"""The commands. stdout holds what was asked for, stderr how it goes, so that both can be piped."""

import shutil
import sys
import tempfile
import uuid
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import requests
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from cityweather_client import dry_run, show, table
from cityweather_client.follow import ENDED, BrokenOff, follow, reason, retry
from cityweather_client.multipart import BLOCK, FileUnreadable
from cityweather_client.service import Refused, Service

OK, UNEVEN, USAGE, UNREACHABLE, REFUSED = range(5)
PATIENCE = 60.0  # seconds for an upload or a page; --follow has more
PAGE = 200  # rows
SHOWN = 5  # cities of a summary
COLUMN_FIELDS = ("column", "country_column", "region_column", "latitude_column", "longitude_column")
IMPORT_FIELDS = ("encoding", "delimiter", *COLUMN_FIELDS, "header", "quotes", "callback_url", "label", "ambiguous")


def import_(service: Service, args: Namespace, err: Console) -> int:
    fields = {name: value for name in IMPORT_FIELDS if (value := getattr(args, name))}
    if args.dry_run:
        return _dry_run(service, args.file, fields, err)
    key = args.idempotency_key or f"shell-{uuid.uuid4()}"  # one for all attempts: an answer lost imports once
    with regular_file(args.file) as file:
        job = retry(lambda: _send(service, file, fields, key, err), _writer(err), patience=PATIENCE)
    err.print(show.sizes(job["total"], job["duplicates"], job["rejected"]))
    print(job["job_id"], flush=True)  # noqa: T201
    if job["rejected"]:
        _explain_rejected(service, job, args, err)
    return verdict(_followed(service, job["job_id"], err)) if args.follow else OK


def _dry_run(service: Service, path: Path, fields: dict[str, str], err: Console) -> int:
    with regular_file(path) as file:
        answer = retry(
            lambda: _send(service, file, {**fields, "dry_run": "true"}, None, err), _writer(err), patience=PATIENCE
        )
    dry_run.write(answer, sys.stdout)
    return OK


@contextmanager
def regular_file(path: Path) -> Iterator[Path]:
    """The file itself, or a copy of what a pipe holds: an upload needs its length, and must be readable twice.

    Raises FileUnreadable.
    """
    if path.is_file():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="cityweather-import-") as folder:
        copy = Path(folder) / "stdin.csv"
        try:
            with copy.open("wb") as target, _pipe(path) as pipe:
                shutil.copyfileobj(pipe, target)
        except OSError as error:
            raise FileUnreadable(f"{path} cannot be read into a temporary file: {error.strerror}.") from error
        yield copy


def _pipe(path: Path) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if str(path) == "-" else path.open("rb")


def _send(service: Service, file: Path, fields: dict[str, str], key: str | None, err: Console) -> dict[str, Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    size = file.stat().st_size
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as bar:
        task = bar.add_task("sending", total=size)

        def on_sent(done: int) -> None:
            bar.update(task, completed=done, description="sending" if done < size else "importing")

        return service.send_file(file, fields, key, on_sent)


def _explain_rejected(service: Service, job: dict[str, Any], args: Namespace, err: Console) -> None:
    """Prints how many rows were rejected for what reason, as the first page shows."""
    try:
        rows = service.get(f"/bulk/jobs/{job['job_id']}/rejected", limit=PAGE)["results"]
    except (requests.RequestException, Refused):  # the job runs all the same
        rows = []
    counts = Counter(row["code"] for row in rows)
    first = f" (of the first {len(rows)})" if len(rows) < job["rejected"] else ""
    listed = ", ".join(f"{count} {code}" for code, count in counts.most_common())
    why = f": {listed}{first}" if listed else ""
    err.print(f"{job['rejected']:,} rejected{why}; cityweather rejected {job['job_id']}", markup=False, soft_wrap=True)
    if counts["bad_encoding"] and not args.encoding:
        err.print(
            "Some bytes are no UTF-8 text. A file of an older Windows program: try --encoding cp1252.", soft_wrap=True
        )
    if job["rejected"] * 2 > job["rows_read"]:
        line = f"Warning: more than half of the rows were rejected. Is {args.file.name} a CSV of cities?"
        err.print(line, markup=False, soft_wrap=True)


def rerun(service: Service, args: Namespace, err: Console) -> int:
    key = args.idempotency_key or f"shell-{uuid.uuid4()}"  # one for all attempts: an answer lost starts one job
    query = {"only": args.only, "older_than": args.older_than}
    path = f"/bulk/jobs/{args.job}/rerun"
    job = retry(
        lambda: service.call("POST", path, params=query, headers={"Idempotency-Key": key}),
        _writer(err),
        patience=PATIENCE,
    )
    err.print(f"{show.counted(job['total'], 'city', 'cities')} to refresh again")
    print(job["job_id"], flush=True)  # noqa: T201
    return verdict(_followed(service, job["job_id"], err)) if args.follow else OK


def status(service: Service, args: Namespace, err: Console) -> int:
    job = _followed(service, args.job, err) if args.follow else service.job(args.job)
    if args.json:
        _print_json(job)
    elif not args.follow:
        print(show.line(job))  # noqa: T201
    return verdict(job)


def cancel(service: Service, args: Namespace, err: Console) -> int:
    path = f"/bulk/jobs/{args.job}/cancel"
    print(show.line(retry(lambda: service.call("POST", path), _writer(err), patience=PATIENCE)))  # noqa: T201
    return OK


def _followed(service: Service, job_id: str, err: Console) -> dict[str, Any]:
    """The job as it ended. Its progress goes to stderr."""
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


def results(service: Service, args: Namespace, err: Console) -> int:
    only = {"status": args.status} if args.status else {}
    return _rows(service, args, err, table.results(args.units), {**only, "units": args.units})


def rejected(service: Service, args: Namespace, err: Console) -> int:
    return _rows(service, args, err, table.REJECTED, {})


def _rows(service: Service, args: Namespace, err: Console, columns: table.Columns, only: dict[str, str]) -> int:
    path = f"/bulk/jobs/{args.job}/{args.command}"
    write = _writer(err)
    if args.format not in ("table", "json"):
        _copy(retry(lambda: service.download(path, format=args.format, **only), write, patience=PATIENCE))
        return OK

    def page(cursor: str | None) -> dict[str, Any]:
        query = {**only, "cursor": cursor} if cursor else only
        return retry(lambda: service.get(path, limit=PAGE, **query), write, patience=PATIENCE)

    if args.format == "json":
        table.write_json(table.rows(page), sys.stdout)
    else:
        table.write_table(columns, table.rows(page), sys.stdout)
    return OK


def _copy(answer: requests.Response) -> None:
    """To stdout. Raises BrokenOff when the download ends before its end."""
    with closing(answer):
        try:
            for piece in answer.iter_content(BLOCK):
                sys.stdout.buffer.write(piece)
        except requests.RequestException as error:
            raise BrokenOff(f"{reason(error)} The download is incomplete; was the job deleted meanwhile?") from None


def weather(service: Service, args: Namespace, err: Console) -> int:
    answer = retry(lambda: service.get("/weather", city=args.city, units=args.units), _writer(err), patience=0)
    if args.json:
        _print_json(answer)
    else:
        print(show.weather(answer, args.units))  # noqa: T201
    return OK


def _print_json(value: dict[str, Any]) -> None:
    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())  # noqa: T201


def _writer(err: Console) -> Callable[[str], None]:
    return lambda line: err.print(line, markup=False)
