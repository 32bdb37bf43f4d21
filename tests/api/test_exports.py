"""All rows of a list as CSV, NDJSON and GeoJSON."""

import csv
import gc
import gzip
import io
import json
import threading
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from cityweather.api import exports
from cityweather.ingest.csv_rows import GUARDED
from cityweather.models import BulkJob, City, JobResult, RejectedRow
from tests.support.api import START, make_city, make_job


def text_of(answer: Any) -> str:
    return str(answer.getvalue().decode())


def rows_of(answer: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text_of(answer))))


@pytest.mark.usefixtures("database")
def test_every_row_comes_whatever_the_page_size(keyed: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PAGE", 3)
    job = make_job("sfpsfps")
    answer = keyed.get(f"/bulk/jobs/{job.job_id}/results?format=csv")
    rows = rows_of(answer)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert rows[0][:5] == ["position", "line", "city", "status", "last_refreshed_at"]
    assert [row[0] for row in rows[1:]] == [str(n) for n in range(7)]
    assert rows[1] == [
        "0", "2", "City 0000", "success", "2026-01-02T03:04:05.678Z", "", "1.5", "Clouds", "80",
        "", "", "", "", "", "", "0",
    ]  # fmt: skip


@pytest.mark.usefixtures("database")
def test_the_unprocessed_rows_keep_their_upload_lines(keyed: Client) -> None:
    job = make_job("spp", status="cancelled", phase="ended")
    rows = rows_of(keyed.get(f"/bulk/jobs/{job.job_id}/results?status=pending", headers={"Accept": "text/csv"}))
    assert [row[1:4] for row in rows[1:]] == [["3", "City 0001", "pending"], ["4", "City 0002", "pending"]]


@pytest.mark.usefixtures("database")
def test_rejected_rows_come_as_pages_and_as_csv(keyed: Client) -> None:
    job = make_job("s", rejected=3)
    rows = [RejectedRow(job=job, line=n, code="name_too_long", text=f"=x{n}") for n in range(1, 4)]
    RejectedRow.objects.bulk_create(rows)
    first = keyed.get(f"/bulk/jobs/{job.job_id}/rejected?limit=2").json()
    assert first["results"][0] == {"line": 1, "code": "name_too_long", "text": "=x1"}
    assert [row["line"] for row in keyed.get(first["next"]).json()["results"]] == [3]
    rows = rows_of(keyed.get(f"/bulk/jobs/{job.job_id}/rejected?format=csv"))
    assert rows == [["line", "code", "text"], *[[str(n), "name_too_long", f"'=x{n}"] for n in range(1, 4)]]


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1", "' =1"),
        ("\uff1d1", "'\uff1d1"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("a;=1", "a;'=1"),
        ("a\t+1", "a\t'+1"),
        ("a\n-1", "a\n'-1"),
        ("a; @1", "a;' @1"),
        ("'=1", "''=1"),
        ("a-b", "a-b"),
        ("a; b", "a; b"),
        ("L'Aquila", "L'Aquila"),
    ],
)
def test_no_cell_runs_in_a_spreadsheet(keyed: Client, name: str, shown: str) -> None:
    job = make_job("s")
    JobResult.objects.update(asked=name)
    text = keyed.get(f"/bulk/jobs/{job.job_id}/results?format=csv").getvalue().decode()
    cell = next(csv.reader(io.StringIO(text.split("\r\n", 1)[1], newline="")))[2]
    assert cell == shown


def test_a_number_below_zero_stays_a_number() -> None:
    assert [exports.guard(cell) for cell in (-1.5, None, "Oslo", "-1.5")] == [-1.5, None, "Oslo", "'-1.5"]


@pytest.mark.usefixtures("db")
def test_a_download_reads_page_by_page_while_it_is_read(keyed: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    job = make_job("ssss")
    answer = keyed.get(f"/bulk/jobs/{job.job_id}/results?format=csv")
    content = iter(answer)
    with CaptureQueriesContext(connection) as queries:
        next(content)
        assert len(queries) == 0
        next(content)
        assert len(queries) == 1
    answer.close()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize(
    ("part", "form"),
    [("results", "csv"), ("results", "ndjson"), ("results", "geojson"), ("rejected", "csv"), ("rejected", "ndjson")],
)
def test_a_download_breaks_off_when_its_job_is_deleted_meanwhile(
    keyed: Client, monkeypatch: pytest.MonkeyPatch, part: str, form: str, encoding: str
) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    job = make_job("ssss", status="done", phase="ended")
    RejectedRow.objects.bulk_create(RejectedRow(job=job, line=n, code="name_too_long", text="x") for n in range(4))
    rows = JobResult if part == "results" else RejectedRow
    answer = keyed.get(f"/bulk/jobs/{job.job_id}/{part}?format={form}", headers={"Accept-Encoding": encoding})
    with closing(answer):
        content = iter(answer)
        next(content)
        BulkJob.objects.filter(pk=job.pk).hide()
        rows.objects.filter(job=job).order_by("-pk")[:1].get().delete()
        with pytest.raises(ConnectionResetError):
            list(content)


@pytest.mark.usefixtures("database")
def test_one_download_too_many_is_asked_to_come_back(keyed: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    two = threading.BoundedSemaphore(2)
    monkeypatch.setattr(exports, "slots", lambda: two)
    job = make_job("s")
    path = f"/bulk/jobs/{job.job_id}/results?format=csv"
    held = [keyed.get(path) for _ in range(2)]
    refused = keyed.get(path)
    assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (503, "too_many_downloads", "10")
    held[0].close()
    assert keyed.get(path).status_code == 200
    gc.collect()  # an answer that was never read nor closed
    assert keyed.get(path).status_code == 200
    held[1].close()


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("part", ["results", "rejected"])
def test_head_answers_with_the_headers_and_takes_no_slot(
    keyed: Client, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    one = threading.BoundedSemaphore(1)
    monkeypatch.setattr(exports, "slots", lambda: one)
    path = f"/bulk/jobs/{make_job('s').job_id}/{part}?format=csv"
    with closing(keyed.get(path)) as held:
        answer = keyed.head(path)
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
        assert answer["Content-Disposition"] == held["Content-Disposition"]


@pytest.mark.usefixtures("db")
def test_an_error_of_a_csv_request_is_json(keyed: Client) -> None:
    answer = keyed.get("/bulk/jobs/nonsense/results?format=csv")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/json")
    assert keyed.get("/bulk/jobs/nonsense/results", headers={"Accept": "text/csv"}).status_code == 404


@pytest.mark.usefixtures("database")
def test_a_download_is_compressed_when_asked_and_still_frees_its_slot(
    keyed: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = threading.BoundedSemaphore(1)
    monkeypatch.setattr(exports, "slots", lambda: one)
    path = f"/bulk/jobs/{make_job('s' * 50).job_id}/results?format=csv"
    for _ in range(2):
        plain = keyed.get(path)
        text = plain.getvalue()
        plain.close()
        answer = keyed.get(path, headers={"Accept-Encoding": "gzip"})
        assert (answer["Content-Encoding"], answer["Vary"]) == ("gzip", "Accept-Encoding, Accept")
        packed = answer.getvalue()
        answer.close()
        assert len(packed) < len(text) / 3
        assert gzip.decompress(packed) == text


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip;q=0", False), ("br, gzip; Q=0.000", False), ("gzip;q=0, identity", False), ("identity", False),
        ("gzip;q=0.1", True), ("br;q=0, gzip", True), ("gzip;q=1.0", True),
    ],
)  # fmt: skip
def test_an_encoding_that_the_client_refuses_is_not_used(keyed: Client, accepted: str, packed: bool) -> None:
    path = f"/bulk/jobs/{make_job('s' * 50).job_id}/results?format=csv"
    answer = keyed.get(path, headers={"Accept-Encoding": accepted})
    assert answer.has_header("Content-Encoding") is packed
    answer.close()


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("path", ["/bulk/jobs/{}/results", "/bulk/jobs/{}/rejected", "/cities"])
def test_a_byte_order_mark_when_asked(keyed: Client, path: str) -> None:
    path = f"{path.format(make_job('s').job_id)}?format=csv"
    plain = keyed.get(path).getvalue()
    assert keyed.get(f"{path}&bom=true").getvalue() == b"\xef\xbb\xbf" + plain
    assert keyed.get(f"{path}&bom=false").getvalue() == plain


@given(st.text(alphabet="='; a-", max_size=12))
def test_an_import_takes_back_what_the_guard_added(text: str) -> None:
    assert GUARDED.sub(r"\1", exports.guard(text)) == text


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("asked", [{"path": "?format=ndjson"}, {"accept": "application/x-ndjson"}])
def test_ndjson_has_the_rows_of_the_json_one_a_line(
    keyed: Client, monkeypatch: pytest.MonkeyPatch, asked: dict[str, str]
) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    path = f"/bulk/jobs/{make_job('sfp').job_id}/results"
    answer = keyed.get(path + asked.get("path", ""), headers={"Accept": asked.get("accept", "*/*")})
    assert answer["Content-Type"] == "application/x-ndjson"
    assert answer["Content-Disposition"].endswith('-results.ndjson"')
    lines = answer.getvalue().decode().splitlines()
    assert [json.loads(line) for line in lines] == keyed.get(path).json()["results"]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("asked", [{"path": "?format=geojson"}, {"accept": "application/geo+json"}])
def test_geojson_has_a_feature_for_each_row(
    keyed: Client, monkeypatch: pytest.MonkeyPatch, asked: dict[str, str]
) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    path = f"/bulk/jobs/{make_job('sfp').job_id}/results"
    City.objects.filter(name="City 0000").update(latitude=59.91, longitude=10.75)
    answer = keyed.get(path + asked.get("path", ""), headers={"Accept": asked.get("accept", "*/*")})
    assert answer["Content-Type"] == "application/geo+json"
    body = json.loads(answer.getvalue())
    assert (body["type"], {feature["type"] for feature in body["features"]}) == ("FeatureCollection", {"Feature"})
    assert [feature["geometry"] for feature in body["features"]] == [
        {"type": "Point", "coordinates": [10.75, 59.91]}, None, None,
    ]  # fmt: skip
    first = body["features"][0]["properties"]
    assert (first["city"], first["temperature"], first["last_error"]) == ("City 0000", 1.5, None)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(("outcomes", "count"), [("", 0), ("ss", 2), ("sss", 3), ("ssss", 4)])
def test_geojson_is_whole_wherever_a_page_ends(
    keyed: Client, monkeypatch: pytest.MonkeyPatch, outcomes: str, count: int
) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    answer = keyed.get(f"/bulk/jobs/{make_job(outcomes).job_id}/results?format=geojson")
    assert len(json.loads(answer.getvalue())["features"]) == count


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("order", ["name", "last_refreshed_at", "-last_refreshed_at"])
def test_all_cities_come_in_their_order_in_each_format(
    keyed: Client, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    monkeypatch.setattr(exports, "PAGE", 2)
    for n, name in enumerate("ACBED"):
        make_city(name, last_refreshed_at=START + timedelta(days=n) if n % 2 else None)
    path = f"/cities?ordering={order}"
    names = [row["city"] for row in keyed.get(path).json()["results"]]
    lines = keyed.get(f"{path}&format=ndjson").getvalue().decode().splitlines()
    assert [json.loads(line)["city"] for line in lines] == names
    assert [row[0] for row in rows_of(keyed.get(f"{path}&format=csv"))] == ["city", *names]
    features = json.loads(keyed.get(f"{path}&format=geojson").getvalue())["features"]
    assert [feature["properties"]["city"] for feature in features] == names


@pytest.mark.usefixtures("db")
def test_rejected_rows_have_no_map(keyed: Client) -> None:
    answer = keyed.get(f"/bulk/jobs/{make_job('s').job_id}/rejected?format=geojson")
    assert (answer.status_code, answer.json()["detail"]) == (
        400, "The parameter format must be json or csv or ndjson.",
    )  # fmt: skip


@pytest.mark.usefixtures("db")
def test_a_csv_has_the_values_of_the_json(keyed: Client) -> None:
    path = f"/bulk/jobs/{make_job('s').job_id}/results"
    City.objects.update(latitude=59.91, longitude=10.75)
    (row,) = keyed.get(path).json()["results"]
    matched = {f"matched_{name}": value for name, value in row["matched"].items()}
    expected = {**row, **row["weather"], **matched}
    header, cells = rows_of(keyed.get(f"{path}?format=csv"))
    assert dict(zip(header, cells, strict=True)) == {
        name: "" if expected[name] is None else str(expected[name]) for name in header
    }
