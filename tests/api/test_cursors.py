"""A cursor that is not ours is refused clearly, on every list."""

import base64

import orjson
import pytest
from django.test import Client

from tests.support.api import make_job


def encoded(*parts: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


BAD = [
    "x", "%ff", "AAAA", encoded(), encoded("q", 1), encoded("h", 1), encoded("h", -1, 1), encoded("h", 2**63, 1),
    encoded("h", True, 1), encoded("h", 2**62, 1), encoded("h", "1", 1), encoded("j", 1, "no-id"), encoded("j", 1, 1),
    encoded("r", None), encoded("r", 1.5), encoded("r", "\x00"), "[1]", "ö",
]  # fmt: skip


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("cursor", BAD)
def test_a_foreign_cursor_is_a_400(keyed: Client, cursor: str) -> None:
    job = make_job("s")
    for path in ("/history", "/bulk/jobs", f"/bulk/jobs/{job.job_id}/results"):
        answer = keyed.get(path, {"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor"), path


@pytest.mark.usefixtures("database")
def test_a_cursor_beyond_every_row_is_an_empty_page(keyed: Client) -> None:
    job = make_job("s")
    answer = keyed.get(f"/bulk/jobs/{job.job_id}/results", {"cursor": encoded("r", 2**63 - 1)})
    assert answer.json() == {"results": [], "next": None}
