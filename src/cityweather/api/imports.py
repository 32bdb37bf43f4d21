"""POST /bulk/import: a CSV, uploaded or lying below IMPORT_DIR, becomes a job, or with dry_run a look at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.utils.http import parse_header_parameters
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.api import schema
from cityweather.api.base import KeyedView, check_body
from cityweather.api.import_serializers import COLUMNS, HEADER, DryRun, FileByPath, ImportRefusal, UploadForm
from cityweather.api.job_serializers import AcceptedJob
from cityweather.api.jobs import accepted, idempotency_key, send_ticks_for
from cityweather.api.serializers import LABEL, LABEL_MAX
from cityweather.api.uploads import Upload, received
from cityweather.api.webhooks.address import check_url
from cityweather.errors import InvalidParameter
from cityweather.ingest import open_jobs
from cityweather.ingest.dry_run import dry_run
from cityweather.ingest.importer import import_spool
from cityweather.ingest.options import COLUMN_OPTIONS, ReadOptions
from cityweather.ingest.paths import open_below
from cityweather.ingest.spool import spool_upload

CALLBACK = (
    "http(s), at a host that CALLBACK_HOSTS allows. Gets a signed POST once the job has ended, at least once, until it "
    "answers with a 2xx"
)
LIKELIEST, FAIL = AMBIGUOUS = ("likeliest", "fail")
BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class ImportView(KeyedView):
    max_body = None  # of a file, which uploads.py bounds
    accepts = "multipart/form-data with the CSV in a part named 'file', or application/json with a path: {\"path\": …}"

    @schema.document(
        "import",
        "Refresh every city of a CSV",
        {
            (200, schema.JSON): DryRun,
            (202, schema.JSON): AcceptedJob,
            (400, schema.JSON): OpenApiResponse(ImportRefusal, schema.WHY[400]),
        },
        errors=(408, 409, 411, 413, 415, 507),
        parameters=[
            OpenApiParameter("encoding", str, description="Of the file: utf-8 unless it begins with a byte order mark"),
            OpenApiParameter("delimiter", str, description="comma, semicolon, tab or pipe; found by the header"),
            *(OpenApiParameter(name, str, description=text) for name, text in COLUMNS.items()),
            OpenApiParameter("header", str, description=HEADER),
            OpenApiParameter("quotes", enum=["none"], description="none: quotes are ordinary characters"),
            OpenApiParameter(
                "dry_run", enum=list(BOOLEANS), description="true: answer what an import would do, and keep nothing"
            ),
            OpenApiParameter("callback_url", str, description=CALLBACK),
            OpenApiParameter("label", {"type": "string", "maxLength": LABEL_MAX}, description=LABEL),
            OpenApiParameter(
                "ambiguous", enum=list(AMBIGUOUS), description="Of a name that fits several places; default: likeliest"
            ),
            schema.IDEMPOTENCY_KEY,
            schema.sent("Location", "Path of the job", 202),
            schema.REPLAYED,
        ],
        request={"multipart/form-data": UploadForm, "application/json": FileByPath},
        callbacks=[schema.JOB_ENDED],
    )
    def post(self, request: Request) -> Response:
        key = idempotency_key(request)
        with opened(request) as upload:
            is_dry = flag(upload, "dry_run")
            if not is_dry:
                open_jobs.check(self.owner, key)  # before the file is read
            fields = fields_of_job(upload)
            spool = spool_upload(upload.file, file_name=upload.file_name, options=read_options(upload))
        with spool:
            if is_dry:
                return Response(DryRun(dry_run(spool)).data)
            job, created = import_spool(spool, owner=self.owner, idempotency_key=key, **fields)
        send_ticks_for(job)
        return accepted(job, replayed=not created)


@contextmanager
def opened(request: Request) -> Iterator[Upload]:
    """With the fields of the query, and those of the form or the JSON, which win."""
    query = {name: value for name, value in request.query_params.items() if value}
    if parse_header_parameters(request.content_type)[0] == "multipart/form-data":
        with received(request, settings.IMPORT_MAX_BYTES) as upload:
            upload.fields = {**query, **upload.fields}
            yield upload
        return
    check_body(request, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    body = FileByPath(data=request.data)
    body.is_valid(raise_exception=True)
    path = body.validated_data["path"]
    with open_below(path, settings.IMPORT_DIR) as file:
        yield Upload(file, PurePath(path).name, fields={**query, **body.validated_data})


def fields_of_job(upload: Upload) -> dict[str, Any]:
    """For import_spool(). Raises CallbackRefused, InvalidParameter."""
    return {
        "callback_url": check_url(upload.fields.get("callback_url")),
        "label": checked_label(str(upload.fields.get("label") or "")),
        "refuse_ambiguous": refuses_ambiguous(upload),
    }


def read_options(upload: Upload) -> ReadOptions:
    fields = upload.fields
    return ReadOptions(
        encoding=fields.get("encoding") or upload.charset,
        delimiter=fields.get("delimiter"),
        **_header(upload),
        quotes=fields.get("quotes"),
        **{option: fields.get(option) for option in COLUMN_OPTIONS},
    )


def _header(upload: Upload) -> dict[str, Any]:
    """Raises InvalidParameter."""
    value = str(upload.fields.get("header") or "").strip()
    if value.isdecimal() and 0 < len(value) < 10 and int(value):
        return {"header_line": int(value)}
    return {"header": flag(upload, "header", "true, false, or the number of a line")}


def checked_label(text: str) -> str:
    """Raises InvalidParameter."""
    label = text.strip()
    if len(label) > LABEL_MAX or not label.isprintable():
        raise InvalidParameter(name="label", expected=f"at most {LABEL_MAX} printable characters")
    return label


def refuses_ambiguous(upload: Upload) -> bool:
    """Raises InvalidParameter."""
    choice = str(upload.fields.get("ambiguous") or LIKELIEST).strip().casefold()
    if choice not in AMBIGUOUS:
        raise InvalidParameter(name="ambiguous", expected=" or ".join(AMBIGUOUS))
    return choice == FAIL


def flag(upload: Upload, name: str, expected: str = "true or false") -> bool | None:
    """None for a field that is missing or was left empty. Raises InvalidParameter."""
    value = upload.fields.get(name)
    word = "" if value is None else str(value).strip().casefold()
    if word and word not in BOOLEANS:
        raise InvalidParameter(name=name, expected=expected)
    return BOOLEANS.get(word)
