"""POST /bulk/import."""

import errno
import os
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cityweather.api import imports
from cityweather.api.uploads import Body
from cityweather.models import BulkJob, City, JobResult, RejectedRow
from cityweather.settings import ROOT
from tests.support.capture import Sent

CITIES = b"city\nOslo\nBergen\noslo\n\nTromso\n" + b"x" * 300 + b"\n"


def send(client: Client, content: bytes = CITIES, query: str = "", **more: Any) -> Any:
    headers = more.pop("headers", None)
    file = SimpleUploadedFile("cities.csv", content, "text/csv")
    return client.post(f"/bulk/import{query}", {**more, "file": file}, headers=headers)


@pytest.mark.usefixtures("redis_server", "database")
def test_an_upload_becomes_a_job_that_can_be_asked_for_at_once(keyed: Client, sent_tasks: list[Sent]) -> None:
    answer = send(keyed)
    body = answer.json()
    assert answer.status_code == 202
    counts = [body[name] for name in ("rows_read", "total", "duplicates", "rejected", "processed")]
    assert counts == [5, 3, 1, 1, 0]
    assert (body["status"], body["phase"], body["file_name"]) == ("queued", "queued", "cities.csv")
    assert answer["Location"] == body["status_url"] == f"/bulk/jobs/{body['job_id']}"
    assert keyed.get(body["status_url"]).json()["total"] == 3
    assert [task.name for task in sent_tasks] == ["cityweather.tasks.dispatch_tick"]
    job = BulkJob.objects.get()
    assert job.owner == "test"
    rows = JobResult.objects.order_by("position").values_list("position", "city__name", "line", "status")
    assert list(rows) == [(0, "Oslo", 2, "pending"), (1, "Bergen", 3, "pending"), (2, "Tromso", 6, "pending")]
    assert RejectedRow.objects.get().line == 7


@pytest.mark.usefixtures("redis_server", "database")
@pytest.mark.parametrize(("total", "phase"), [(2_000, "queued"), (2_001, "importing")])
def test_the_request_writes_two_thousand_rows_itself(
    keyed: Client, sent_tasks: list[Sent], total: int, phase: str
) -> None:
    body = send(keyed, "\n".join(["city", *(f"Town {n}" for n in range(total))]).encode()).json()
    assert (body["total"], body["imported"], body["phase"]) == (total, 2_000, phase)
    later = ["cityweather.tasks.import_tick"] if total > 2_000 else []
    assert [task.name for task in sent_tasks] == ["cityweather.tasks.dispatch_tick", *later]


@pytest.mark.usefixtures("redis_server", "database")
@pytest.mark.parametrize(("query", "field"), [("?ambiguous=fail", {}), ("", {"ambiguous": "FAIL"})])
def test_an_import_may_refuse_names_that_fit_several_places(keyed: Client, query: str, field: dict[str, str]) -> None:
    assert send(keyed, query=query, **field).status_code == 202
    assert BulkJob.objects.get().refuse_ambiguous
    answer = send(keyed, query="?ambiguous=perhaps")
    assert (answer.status_code, answer.json()["detail"]) == (
        400, "The parameter ambiguous must be likeliest or fail.",
    )  # fmt: skip


@pytest.mark.usefixtures("database")
def test_an_upload_is_accepted_while_redis_and_the_broker_are_unreachable(
    keyed: Client, sent_tasks: list[Sent]
) -> None:
    answer = send(keyed)
    assert (answer.status_code, answer.json()["source"]) == (202, "database")
    assert sent_tasks == []
    assert keyed.get(answer["Location"]).json()["phase"] == "queued"


@pytest.mark.usefixtures("database")
def test_no_transaction_is_open_and_nothing_is_asked_while_an_upload_is_read(
    keyed: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def watched(work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **options: Any) -> Any:
            assert not connection.in_atomic_block
            with CaptureQueriesContext(connection) as queries:
                done = work(*args, **options)
            seen.append(len(queries))
            return done

        return run

    seen: list[int] = []
    monkeypatch.setattr(Body, "read", watched(Body.read))
    monkeypatch.setattr(imports, "spool_upload", watched(imports.spool_upload))
    assert send(keyed, b"city\n" + b"Oslo\n" * 100_000).status_code == 202
    assert len(seen) > 2
    assert set(seen) == {0}


@pytest.mark.usefixtures("database")
def test_the_same_upload_twice_adds_no_city_twice(keyed: Client) -> None:
    first, second = (send(keyed).json()["job_id"] for _ in range(2))
    assert first != second
    assert City.objects.count() == 3


@pytest.mark.usefixtures("database")
def test_an_idempotency_key_answers_the_same_job(keyed: Client) -> None:
    first, second = (send(keyed, headers={"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.json()["job_id"] == second.json()["job_id"]
    assert second.status_code == 202
    assert ("Idempotency-Replayed" in first, second["Idempotency-Replayed"]) == (False, "true")
    other = send(keyed, b"city\nParis\n", headers={"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert BulkJob.objects.count() == 1


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "changed", [{"ambiguous": "fail"}, {"callback_url": "http://127.0.0.1:9000/b"}, {"callback_url": ""}]
)
def test_an_idempotency_key_with_other_options_is_a_409(keyed: Client, settings: Any, changed: dict[str, str]) -> None:
    settings.CALLBACK_HOSTS = ["127.0.0.1:9000"]
    headers, first = {"Idempotency-Key": "k"}, {"callback_url": "http://127.0.0.1:9000/a"}
    assert send(keyed, headers=headers, **first).status_code == 202
    other = send(keyed, headers=headers, **(first | changed))
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    again = send(keyed, headers=headers, **first, label="Other", ambiguous="likeliest")
    assert (again.status_code, again["Idempotency-Replayed"], again.json()["label"]) == (202, "true", "")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("key", ["", "x" * 256, "ö", "a\x7f"])
def test_an_idempotency_key_that_is_none_is_a_400(keyed: Client, key: str) -> None:
    assert send(keyed, headers={"Idempotency-Key": key}).json()["code"] == "invalid_parameter"


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("where", ["query", "field"])
def test_a_request_can_set_how_the_file_is_read(keyed: Client, where: str) -> None:
    content = "land;ort\nNO;Tromsø\n".encode("cp1252")
    fields = {"encoding": "cp1252", "delimiter": ";", "column": "ort", "header": "true"}
    if where == "field":
        answer = send(keyed, content, **fields)
    else:
        answer = send(keyed, content, "?encoding=cp1252&delimiter=%3B&column=ort&header=true")
    assert answer.status_code == 202, answer.json()
    assert City.objects.get().name == "Tromsø, Norway"


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("where", ["query", "field", "json"])
def test_a_request_can_name_the_columns(keyed: Client, settings: Any, tmp_path: Path, where: str) -> None:
    content = b"a;b;c;x;y\nSpringfield;IL;US;39.8;-89.6\n"
    fields = {
        "column": "a",
        "region_column": "2",
        "country_column": "c",
        "latitude_column": "x",
        "longitude_column": "5",
    }
    if where == "query":
        answer = send(keyed, content, f"?{urlencode(fields)}")
    elif where == "field":
        answer = send(keyed, content, **fields)
    else:
        settings.IMPORT_DIR = tmp_path
        (tmp_path / "c.csv").write_bytes(content)
        answer = keyed.post("/bulk/import", {"path": "c.csv", **fields}, content_type="application/json")
    assert answer.status_code == 202, answer.json()
    row = JobResult.objects.get()
    assert (row.asked, row.latitude, row.longitude) == ("Springfield, IL, US", 39.8, -89.6)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("content", "code"), [(b"Asema;Maa\nBonn;DE\n", "no_city_column"), (b"city\nBonn;DE\n", "no_cities")]
)
def test_a_refusal_lists_the_columns_to_choose_from(keyed: Client, content: bytes, code: str) -> None:
    answer = send(keyed, content).json()
    header = content.decode().split("\n")[0].split(";")
    assert (answer["code"], [column["name"] for column in answer["columns"]]) == (code, header)
    assert answer["columns"][0]["samples"] == ["Bonn" if len(header) > 1 else "Bonn;DE"]


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("query", "code"),
    [("?header=perhaps", "invalid_parameter"), ("?encoding=zlib", "bad_option"), ("?delimiter=xx", "bad_option")],
)
def test_an_option_that_is_none_is_a_400(keyed: Client, query: str, code: str) -> None:
    answer = send(keyed, query=query)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("content", "code"), [(b"PK\x03\x04" + b"\0" * 100, "not_csv"), (b"city\n\n", "no_cities"), (b"", "no_cities")]
)
def test_a_file_of_no_use_leaves_nothing(keyed: Client, content: bytes, code: str) -> None:
    answer = keyed.post("/bulk/import/", {"file": SimpleUploadedFile("x.csv", content or b"\n")})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert BulkJob.objects.count() == 0


@pytest.mark.usefixtures("db")
def test_a_file_too_large_is_refused_by_its_length_before_it_is_read(
    keyed: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IMPORT_MAX_BYTES = 1000
    answer = send(keyed, b"x" * 30_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "1,000 bytes" in answer.json()["detail"]
    assert send(keyed, b"x\n" * 1000).json()["code"] == "too_large"  # by the size of the file itself


@pytest.mark.usefixtures("db")
def test_too_many_open_jobs_are_refused_before_the_file_is_read(
    keyed: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IMPORT_MAX_OPEN_JOBS = 1
    assert send(keyed).status_code == 202
    BulkJob.objects.update(idempotency_key="k", content_hash=sha256(CITIES).hexdigest())
    assert send(keyed, headers={"Idempotency-Key": "k"}).status_code == 202  # the job that is there
    monkeypatch.setattr(imports, "spool_upload", lambda *_, **__: pytest.fail("was read"))
    for key in ({}, {"Idempotency-Key": "new"}):
        answer = send(keyed, headers=key)
        assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (429, "too_many_jobs", "30")


@pytest.mark.usefixtures("database")
def test_a_write_that_fails_leaves_no_job_to_be_seen(keyed: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("disk full")

    monkeypatch.setattr(RejectedRow.objects, "bulk_create", fail)
    answer = send(keyed)
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert (BulkJob.objects.count(), JobResult.objects.count()) == (0, 0)


@pytest.mark.usefixtures("db")
def test_a_file_below_the_import_folder_can_be_named(keyed: Client, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "c.csv").write_bytes(CITIES)
    settings.IMPORT_DIR = tmp_path
    body = {"path": "deep/c.csv", "header": True, "column": "city"}
    answer = keyed.post("/bulk/import", body, content_type="application/json")
    assert answer.status_code == 202, answer.json()
    assert (answer.json()["total"], answer.json()["file_name"]) == (3, "c.csv")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("path", ["in/c.csv", "{root}/in/c.csv", "in/missing.csv"])
def test_a_path_that_begins_with_the_folder_is_answered_with_what_to_write(
    keyed: Client, settings: Any, tmp_path: Path, path: str
) -> None:
    settings.IMPORT_DIR = tmp_path / "in"
    body = {"path": path.replace("{root}", str(tmp_path))}
    answer = keyed.post("/bulk/import", body, content_type="application/json")
    assert answer.json()["code"] == "bad_path"
    assert answer.json()["detail"].endswith(f"which is 'in/' here: write '{Path(path).name}'.")


def test_where_a_path_begins_is_told_where_a_path_is_explained(anyone: Client) -> None:
    [sentence] = re.findall(r'[^.]*`\{"path": "cities\.csv"\}`[^.]*\.', (ROOT / "README.md").read_text())
    assert "below `IMPORT_DIR` (default `data/`)" in sentence
    shapes = anyone.get("/schema", headers={"Accept": "application/json"}).json()["components"]["schemas"]
    told = [found["description"] for shape in shapes.values() if (found := shape.get("properties", {}).get("path"))]
    assert len(told) >= 2
    assert all("IMPORT_DIR" in text for text in told), told


@pytest.mark.usefixtures("db")
def test_the_charset_of_the_file_is_its_encoding_unless_another_is_given(keyed: Client) -> None:
    for given, cities in (({}, 1), ({"encoding": "utf-8"}, 0)):
        file = SimpleUploadedFile("x.csv", "city\nOslo\nZürich\n".encode("cp1252"), "text/csv; charset=windows-1252")
        answer = keyed.post("/bulk/import", {**given, "file": file})
        assert answer.status_code == 202, answer.json()
        assert answer.json()["rejected"] == 1 - cities


@pytest.mark.usefixtures("db")
def test_quotes_can_be_ordinary_characters(keyed: Client) -> None:
    assert send(keyed, b'city\n"Oslo" fjord\nBergen\n', "?quotes=none").json()["total"] == 2
    assert send(keyed, b'city\n"Oslo" fjord\nBergen\n', quotes="none").json()["total"] == 2


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("path", ["../secret.csv", "/etc/passwd", "link.csv", "missing.csv", ".", "a\x00b", "x" * 999])
def test_no_path_leads_out_of_the_import_folder(keyed: Client, settings: Any, tmp_path: Path, path: str) -> None:
    settings.IMPORT_DIR = tmp_path / "in"
    settings.IMPORT_DIR.mkdir()
    (tmp_path / "secret.csv").write_bytes(CITIES)
    (settings.IMPORT_DIR / "link.csv").symlink_to(tmp_path / "secret.csv")
    answer = keyed.post("/bulk/import", {"path": path}, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] in ("bad_path", "invalid_parameter")


@pytest.mark.usefixtures("db")
def test_a_file_that_the_server_may_not_read_is_a_400(
    keyed: Client, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """root may read every file, so the refusal comes from where the file is opened."""
    settings.IMPORT_DIR = tmp_path
    (tmp_path / "towns.csv").write_bytes(CITIES)
    opened = os.open

    def refuse(path: Any, *args: Any, **options: Any) -> int:
        if path == "towns.csv":
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return opened(path, *args, **options)

    monkeypatch.setattr(os, "open", refuse)
    answer = keyed.post("/bulk/import", {"path": "towns.csv"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_path")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("body", ["{}", "[]", '"x"', '{"path": 1}', '{"path": null}', "{", '{"path": ["x"]}', ""])
def test_json_that_names_no_path_is_a_400(keyed: Client, body: str) -> None:
    answer = keyed.post("/bulk/import", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json().keys() == {"detail", "code"}


@pytest.mark.usefixtures("db")
def test_a_body_without_any_file_is_answered_with_both_ways_to_name_one(keyed: Client) -> None:
    for kind, body in (("application/json", "{}"), ("", "")):
        detail = keyed.post("/bulk/import", body, content_type=kind).json()["detail"]
        assert [way in detail for way in ("IMPORT_DIR", "multipart/form-data", "'file'")] == [True, True, True]


@pytest.mark.usefixtures("db")
def test_other_kinds_of_bodies_are_a_415(keyed: Client) -> None:
    answer = keyed.post("/bulk/import", CITIES, content_type="text/csv")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert keyed.get("/bulk/import").status_code == 405


def test_without_a_key_nothing_is_read(anyone: Client) -> None:
    assert send(anyone).status_code == 401
