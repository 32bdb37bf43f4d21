"""`cityweather import_cities FILE`: the same import as POST /bulk/import, for a file on the server."""

import csv
import json
import re
import time
from argparse import ArgumentParser, BooleanOptionalAction
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import pluralize
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cityweather.api.exports import guard
from cityweather.api.import_serializers import DryRun
from cityweather.api.imports import AMBIGUOUS, FAIL, LIKELIEST, checked_label
from cityweather.api.serializers import LABEL
from cityweather.api.webhooks.address import check_url
from cityweather.errors import CityWeatherError
from cityweather.ingest import chunk_writer
from cityweather.ingest.chunk_writer import ChunkUnwritable
from cityweather.ingest.dry_run import dry_run as look_at
from cityweather.ingest.importer import import_spool
from cityweather.ingest.options import COLUMN_OPTIONS, PARTS, ReadOptions
from cityweather.ingest.spool import Spool, spool_upload
from cityweather.models import BulkJob

TOGETHER = 5_000  # rejected rows that are written at once
STEM_MAX = 200  # bytes; a file's name has 255
READ_OPTIONS = ("encoding", "delimiter", *COLUMN_OPTIONS, "header", "header_line", "quotes")
FLAGS = {"header=true": "--header", "header=false": "--no-header", "quotes=none": "--no-quotes"}


class Command(BaseCommand):
    help = "Import a CSV of cities (also .csv.gz); the refresh begins at once if the services run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--encoding", help="when it is neither UTF-8 nor marked as UTF-16: cp1252, shift_jis, …")
        parser.add_argument("--delimiter", help="comma, semicolon, tab or pipe (default: as the first line shows)")
        parser.add_argument("--column", help="the cities' column: its header or its number from 1; 0: none")
        for part in PARTS:
            parser.add_argument(f"--{part}-column", metavar="COLUMN", help=f"that of the {part}; 0: none")
        parser.add_argument("--header", action=BooleanOptionalAction, help="whether the first row names the columns")
        parser.add_argument(
            "--header-line", type=int, metavar="N", help="the number of the line that names the columns"
        )
        parser.add_argument("--no-quotes", dest="quotes", action="store_const", const="none", help='" means nothing')
        parser.add_argument(
            "--ambiguous", choices=AMBIGUOUS, default=LIKELIEST, help="of a name that fits several places"
        )
        parser.add_argument("--label", default="", help=LABEL)
        parser.add_argument("--dry-run", action="store_true", help="write what it would do, as JSON; nothing is kept")
        parser.add_argument("--callback-url", help="gets a POST when the job has ended (see CALLBACK_HOSTS)")
        parser.add_argument("--quiet", action="store_true", help="no progress bar")

    def handle(self, *_: Any, file: Path, quiet: bool, dry_run: bool, **given: Any) -> None:
        began = time.monotonic()
        try:
            fields = _of_job(given)
            options = ReadOptions(**{name: given[name] for name in READ_OPTIONS})
            with _bar(quiet) as bar, _spooled(file, bar, options) as spool:
                if dry_run:
                    self.stdout.write(json.dumps(DryRun(look_at(spool)).data, indent=2, ensure_ascii=False))
                    return
                job = _write(spool, bar, fields)
                rejected = _keep_rejected(spool, job) if spool.rejected else ""
        except CityWeatherError as error:
            raise CommandError(f"{file.name}: {_in_options(error.detail)}") from None
        except OSError as error:
            raise CommandError(f"{error.filename or file}: {error.strerror}") from None
        except ChunkUnwritable as error:
            raise CommandError(f"The database refuses rows of job {error.chunk.job_id}: {error.__cause__}") from None
        self._report(job, spool, time.monotonic() - began, rejected)

    def _report(self, job: BulkJob, spool: Spool, seconds: float, rejected: str) -> None:
        self.stdout.write(f"{_sizes(spool)}, in {seconds:.1f} s ({spool.rows_read / seconds:,.0f} rows/s)")
        if rejected:
            reasons = ", ".join(f"{code} {count:,}" for code, count in spool.reasons.most_common())
            self.stdout.write(f"rejected: {reasons}; see {rejected}")
        self.stdout.write(f"job {job.pk}")


def _sizes(spool: Spool) -> str:
    """What became of the rows, in the words of the client, which no module of the service imports."""
    return (
        f"{spool.rows_read:,} row{pluralize(spool.rows_read)} = {spool.total:,} cit{pluralize(spool.total, 'y,ies')} + "
        f"{spool.duplicates:,} duplicate{pluralize(spool.duplicates)} + {spool.rejected:,} rejected"
    )


def _of_job(given: dict[str, Any]) -> dict[str, Any]:
    """The options of the job, for import_spool()."""
    return {
        "callback_url": check_url(given["callback_url"]),
        "label": checked_label(given["label"]),
        "refuse_ambiguous": given["ambiguous"] == FAIL,
    }


def _in_options(detail: str) -> str:
    """The fields of the API that a refusal advises, as the options of this command."""
    for field, flag in FLAGS.items():
        detail = detail.replace(field, flag)
    detail = re.sub(r"\bheader=(?=\d)", "--header-line ", detail)
    return re.sub(
        r"\b(encoding|delimiter|(?:\w+_)?column)=(?=(\w?))",
        lambda match: f"--{match[1].replace('_', '-')}{' ' * len(match[2])}",
        detail,
    )


def _bar(quiet: bool) -> Progress:
    columns = (TextColumn("{task.description:8}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, disable=quiet or not console.is_terminal)


def _spooled(file: Path, bar: Progress, options: ReadOptions) -> Spool:
    with bar.open(file, "rb", description="bytes") as content:
        return spool_upload(content, file_name=file.name, options=options)


def _write(spool: Spool, bar: Progress, fields: dict[str, Any]) -> BulkJob:
    writing = bar.add_task("cities", total=spool.total)
    job, _ = import_spool(spool, **fields)
    for done in chunk_writer.write_all(job):
        bar.update(writing, completed=done)
    return job


def _keep_rejected(spool: Spool, job: BulkJob) -> str:
    """Where they are. The job runs already, so no trouble with this file may look like one with the import."""
    try:
        return str(_write_rejected(spool, job))
    except OSError as error:
        return f"GET /bulk/jobs/{job.pk}/rejected, since they could not be kept here: {error}"


def _write_rejected(spool: Spool, job: BulkJob) -> Path:
    folder = Path(settings.IMPORT_DIR) / "rejected"
    folder.mkdir(parents=True, exist_ok=True)
    stem = Path(spool.file_name).stem.encode()[:STEM_MAX].decode(errors="ignore")
    kept = folder / f"{stem}-{job.pk}.csv"
    with kept.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(["line", "code", "text"])
        for rows in spool.rejected_rows(TOGETHER):
            writer.writerows([line, code, guard(text)] for line, code, text in rows)
    return kept
