"""Uploads, and files as people have them."""

from io import BytesIO

from cityweather.ingest import chunk_writer
from cityweather.ingest.importer import import_spool
from cityweather.ingest.options import ReadOptions
from cityweather.ingest.spool import Spool, spool_upload
from cityweather.models import BulkJob

# A line of a GeoNames dump, and the beginning of a list that is sold as worldcities.csv.
DUMP = (
    b"2988507\tParis\tParis\t\t48.85341\t2.3488\tP\tPPLC\tFR\t\t11\t75\t751\t75056\t2138551\t\t42"
    b"\tEurope/Paris\t2024-01-01\n"
)
WORLDCITIES = (
    b'"city","city_ascii","lat","lng","country","iso2","iso3","admin_name","capital","population","id"\n'
    b'"Springfield","Springfield","39.7990","-89.6440","United States","US","USA","Illinois","admin","1","1"\n'
    b'"Springfield","Springfield","37.1943","-93.2916","United States","US","USA","Missouri","","1","2"\n'
)


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
