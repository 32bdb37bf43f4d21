"""Uploads for tests."""

from cityweather.ingest.importer import import_spool
from cityweather.ingest.options import ReadOptions
from cityweather.ingest.spool import Spool, spool_upload
from cityweather.models import BulkJob


def spool(*names: str, file_name: str = "cities.csv", options: ReadOptions | None = None) -> Spool:
    """The spool of a file with the column `city`."""
    return spool_upload(["\n".join(("city", *names)).encode()], file_name=file_name, options=options)


def imported(*names: str, **options: str | None) -> BulkJob:
    with spool(*names) as content:
        return import_spool(content, **options)[0]  # type: ignore[arg-type]
