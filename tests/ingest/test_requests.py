"""Whatever is sent to the import, the answer is a job or a refusal: never an error of ours."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cityweather.ingest.options import COLUMN_OPTIONS
from tests.ingest.test_fuzz import bytes_like_csv
from tests.support.api import KEY

pytestmark = pytest.mark.usefixtures("database")
ANSWERS = {202, 400, 409, 413, 429}
LINE = b"b0undary"
QUESTION = {"asks", "columns", "first_lines"}  # what a refusal has besides, if an option answers it
random_fields = st.dictionaries(
    st.sampled_from(["encoding", "delimiter", *COLUMN_OPTIONS, "header", "callback_url", "path", "none"]),
    st.text(max_size=10)
    | st.sampled_from(["1", "9" * 5_000, "x" * 5_000, "utf-16", "tab", "true", "name", "\ud800", "http://[", "\x00"]),
)
random_requests = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def client(settings: Any, tmp_path: Path) -> Client:
    settings.IMPORT_DIR, settings.IMPORT_MAX_BYTES, settings.IMPORT_MAX_ROWS = tmp_path, 1_000, 20
    settings.IMPORT_MAX_OPEN_JOBS, settings.THROTTLE_API = 50, ""
    return Client(headers={"X-API-Key": KEY}, raise_request_exception=False)


def multipart(content: bytes, fields: dict[str, str]) -> bytes:
    head = b"--" + LINE + b'\r\nContent-Disposition: form-data; name="'
    parts = [
        head + name.encode() + b'"\r\n\r\n' + value.encode("utf-8", "surrogatepass") for name, value in fields.items()
    ]
    parts.append(head + b'file"; filename="x.csv"\r\n\r\n' + content)
    return b"\r\n".join([*parts, b"--" + LINE + b"--\r\n"])


@random_requests
@given(
    content=bytes_like_csv | st.binary(max_size=1_200),
    fields=random_fields,
    query=random_fields,
    key=st.sampled_from([None, "a", "b", "x" * 256, "é"]),
)
def test_random_uploads_are_imported_or_refused(
    client: Client, content: bytes, fields: dict[str, str], query: dict[str, str], key: str | None
) -> None:
    address = f"/bulk/import?{urlencode(query, errors='surrogatepass')}"
    answer = client.post(
        address,
        multipart(content, fields),
        content_type=f"multipart/form-data; boundary={LINE.decode()}",
        headers={"Idempotency-Key": key} if key else {},
    )
    assert answer.status_code in ANSWERS, answer.content
    assert answer.status_code == 202 or answer.json().keys() - QUESTION == {"detail", "code"}


@random_requests
@given(
    content=bytes_like_csv,
    body=random_fields,
    path=st.sampled_from(["x.csv", "none.csv", "x" * 2_000, "\x00", "../x.csv"]),
)
def test_random_json_is_imported_or_refused(
    client: Client, tmp_path: Path, content: bytes, body: dict[str, str], path: str
) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    answer = client.post("/bulk/import", json.dumps({**body, "path": path}), content_type="application/json")
    assert answer.status_code in ANSWERS, answer.content
    assert answer.status_code == 202 or answer.json().keys() - QUESTION == {"detail", "code"}
