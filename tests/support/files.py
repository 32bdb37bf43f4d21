"""Uploads for tests."""

from io import BytesIO

from cityweather.ingest import chunk_writer
from cityweather.ingest.importer import import_spool
from cityweather.ingest.options import ReadOptions
from cityweather.ingest.spool import Spool, spool_upload
from cityweather.models import BulkJob


def spool(
    *lines: str, header: str = "city", file_name: str = "cities.csv", options: ReadOptions | None = None
) -> Spool:
    return spool_upload(BytesIO("\n".join((header, *lines)).encode()), file_name=file_name, options=options)


def imported(*lines: str, header: str = "city", **options: str | None) -> BulkJob:
    """A job all of whose rows are written."""
    with spool(*lines, header=header) as content:
        job, _ = import_spool(content, **options)  # type: ignore[arg-type]
    for _ in chunk_writer.write_all(job):
        pass
    job.refresh_from_db()
    return job
