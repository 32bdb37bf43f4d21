"""GET /bulk/jobs/{id}."""

import re
import time
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from redis import Redis

from cityweather.api import snapshots
from cityweather.tracker import tracker
from tests.support.api import START, UNKNOWN, go_live, make_job
from tests.support.clock import set_time

FIELDS = {
    "job_id", "status", "phase", "total", "processed", "succeeded", "failed", "pending", "rows_read", "duplicates",
    "ambiguous", "unmatched", "imported",
    "rejected", "progress", "created_at", "started_at", "finished_at", "rate", "eta_seconds", "waiting_for", "error",
    "file_name", "label", "owner", "schedule_id", "timeline", "limited_by",
    "retry_of", "retries", "rerun_of", "reruns", "max_rate", "expires_at", "as_of", "source",
}  # fmt: skip
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.mark.usefixtures("redis_server", "database")
def test_a_live_job_is_shown_from_redis_without_sql(keyed: Client) -> None:
    job = make_job("p" * 10)
    go_live(job, succeeded=3, failed=1)
    with CaptureQueriesContext(connection) as queries:
        answer = keyed.get(f"/bulk/jobs/{job.job_id}")
    body = answer.json()
    assert len(queries) == 0
    assert body.keys() == FIELDS
    assert body["source"] == "live"
    counters = [body[name] for name in ("total", "processed", "succeeded", "failed", "pending", "progress")]
    assert counters == [10, 4, 3, 1, 6, 40]
    assert TIME.fullmatch(body["as_of"])
    assert body["created_at"] == "2026-01-02T03:04:05.678Z"
    assert answer["Retry-After"] == "1"


@pytest.mark.usefixtures("db")
def test_a_poll_costs_redis_one_round_trip_beside_the_throttle(
    redis_server: "Redis[bytes]", keyed: Client, settings: object
) -> None:
    job = make_job("pp")
    go_live(job)
    settings.THROTTLE_API = ""  # type: ignore[attr-defined]
    keyed.get(f"/bulk/jobs/{job.job_id}")
    sent = []
    client = type(redis_server)
    original = client.execute_command
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "execute_command", lambda self, *a, **k: sent.append(a[0]) or original(self, *a, **k))
        keyed.get(f"/bulk/jobs/{job.job_id}")
    assert sent == ["HMGET"]


@pytest.mark.usefixtures("redis_server", "database")
def test_an_ended_job_is_shown_from_the_database(keyed: Client) -> None:
    job = make_job("ssf", status="done", phase="ended")
    job.finished_at = job.created_at
    job.save()
    answer = keyed.get(f"/bulk/jobs/{job.job_id}/")
    body = answer.json()
    assert body.keys() == FIELDS
    assert (body["source"], body["progress"], body["as_of"]) == ("database", 100, "2026-01-02T03:04:05.678Z")
    assert body["expires_at"] == "2026-02-01T03:04:05.678Z"
    assert "Retry-After" not in answer


@pytest.mark.usefixtures("db")
def test_without_redis_the_row_answers_and_shows_how_old_it_is(keyed: Client) -> None:
    job = make_job("sp", stream_position="1767323105000-3")
    body = keyed.get(f"/bulk/jobs/{job.job_id}").json()
    assert (body["source"], body["as_of"], body["processed"]) == ("database", "2026-01-02T03:05:05.000Z", 1)


@pytest.mark.usefixtures("redis_server", "db")
@pytest.mark.parametrize("id_", [UNKNOWN, "1", "x" * 36, "%00", UNKNOWN.replace("-", ""), "{" + UNKNOWN + "}"])
def test_an_unknown_or_malformed_id_is_not_found(keyed: Client, id_: str) -> None:
    answer = keyed.get(f"/bulk/jobs/{id_}")
    assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")


@pytest.mark.usefixtures("redis_server", "db")
@pytest.mark.parametrize("live", [True, False])
def test_a_job_whose_rows_are_still_written_shows_how_many_are_there(keyed: Client, live: bool) -> None:
    job = make_job("sp", phase="importing", total=5, created_at=timezone.now())
    if live:
        go_live(job)
    body = keyed.get(f"/bulk/jobs/{job.job_id}").json()
    assert [body[name] for name in ("phase", "total", "imported", "pending", "waiting_for")] == [
        "importing", 5, 2, 4, None,
    ]  # fmt: skip


@pytest.mark.usefixtures("redis_server", "db")
@pytest.mark.parametrize("live", [True, False])
def test_a_job_that_has_no_row_left_to_fetch_waits_for_the_import(keyed: Client, live: bool) -> None:
    job = make_job("ss", phase="importing", total=5)
    if live:
        go_live(job)
    answer = keyed.get(f"/bulk/jobs/{job.job_id}")
    assert (answer.json()["waiting_for"], answer["Retry-After"]) == ("import", "1")


@pytest.mark.usefixtures("redis_server", "db")
def test_nothing_new_is_a_304_until_a_row_is_counted(keyed: Client) -> None:
    job = make_job("ppp")
    go_live(job, succeeded=1)
    tag = keyed.get(f"/bulk/jobs/{job.job_id}")["ETag"]
    again = keyed.get(f"/bulk/jobs/{job.job_id}", headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again["ETag"], again["Retry-After"]) == (304, b"", tag, "1")
    assert "Content-Length" not in again  # it would be that of the body not sent
    assert keyed.get(f"/bulk/jobs/{job.job_id}", headers={"If-None-Match": f'"other", {tag}'}).status_code == 304
    strong = tag.removeprefix("W/")  # as a proxy may send it on
    assert keyed.get(f"/bulk/jobs/{job.job_id}", headers={"If-None-Match": strong}).status_code == 304
    go_live(job, succeeded=2)
    changed = keyed.get(f"/bulk/jobs/{job.job_id}", headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed["ETag"] != tag


@pytest.mark.usefixtures("redis_server", "db")
def test_a_retry_that_takes_a_deleted_ones_place_is_no_304(keyed: Client) -> None:
    job = make_job("sf", status="done", phase="ended")
    again = make_job("p", retry_of=job)
    tag = keyed.get(f"/bulk/jobs/{job.job_id}")["ETag"]
    again.delete()
    other = make_job("p", retry_of=job)
    answer = keyed.get(f"/bulk/jobs/{job.job_id}", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.json()["retries"] == [str(other.pk)]


@pytest.mark.usefixtures("redis_server", "db")
def test_progress_is_floored_and_at_most_99_before_the_end(keyed: Client) -> None:
    job = make_job("p" * 3)
    go_live(job, succeeded=2)
    assert keyed.get(f"/bulk/jobs/{job.job_id}").json()["progress"] == 66
    go_live(job, succeeded=3)
    assert keyed.get(f"/bulk/jobs/{job.job_id}").json()["progress"] == 99


@pytest.mark.usefixtures("db")
def test_progress_from_the_database_is_at_most_99_before_the_end(keyed: Client) -> None:
    job = make_job("sss", phase="finishing")
    assert keyed.get(f"/bulk/jobs/{job.job_id}").json()["progress"] == 99


@pytest.mark.usefixtures("redis_server", "db")
def test_a_job_that_waits_is_polled_less_often(keyed: Client) -> None:
    job = make_job("p")
    go_live(job, waiting_for="quota")
    assert keyed.get(f"/bulk/jobs/{job.job_id}")["Retry-After"] == "5"


@pytest.mark.usefixtures("redis_server", "db")
def test_head_answers_as_get_does_without_a_body(keyed: Client) -> None:
    job = make_job("p")
    answer = keyed.head(f"/bulk/jobs/{job.job_id}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["ETag"]


@pytest.mark.usefixtures("redis_server", "db")
@pytest.mark.parametrize("debug", [True, False])
def test_a_defect_while_polling_shows_nothing_of_itself(
    keyed: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, debug: bool
) -> None:
    settings.DEBUG = debug
    monkeypatch.setattr(snapshots, "polled", lambda _: 1 / 0)
    answer = keyed.get(f"/bulk/jobs/{UNKNOWN}")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")


@pytest.mark.usefixtures("db")
def test_a_poll_over_plain_http_is_sent_to_https_behind_a_proxy(keyed: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = keyed.get(f"/bulk/jobs/{UNKNOWN}")
    assert (answer.status_code, answer["Location"]) == (301, f"https://testserver/bulk/jobs/{UNKNOWN}")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("status", ["cancelled", "failed"])
def test_progress_is_100_only_with_done(keyed: Client, status: str) -> None:
    job = make_job("sf", status=status, phase="ended", finished_at=START)
    assert keyed.get(f"/bulk/jobs/{job.job_id}").json()["progress"] == 99


@pytest.mark.usefixtures("redis_server", "db")
def test_the_eta_ends_with_the_last_result_and_is_not_1_while_nothing_moves(
    keyed: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job("p" * 20, started_at=timezone.now())
    go_live(job, succeeded=18)

    def eta() -> int | None:
        found: int | None = keyed.get(f"/bulk/jobs/{job.job_id}").json()["eta_seconds"]
        return found

    assert eta() == 0
    now = time.time()
    set_time(monkeypatch, tracker, time=lambda: now + 60)
    assert eta() is None


@pytest.mark.usefixtures("redis_server", "db")
@pytest.mark.parametrize("fields", [{"waiting_for": "provider"}, {"waiting_for": "drain"}, {"phase": "paused"}])
def test_a_job_that_does_not_move_has_no_eta(keyed: Client, fields: dict[str, str]) -> None:
    job = make_job("p" * 20)
    go_live(job, succeeded=10)
    assert keyed.get(f"/bulk/jobs/{job.job_id}").json()["eta_seconds"] is not None
    go_live(job, **fields)
    assert keyed.get(f"/bulk/jobs/{job.job_id}").json()["eta_seconds"] is None
