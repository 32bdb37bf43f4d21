"""A callback_url gets the end of its job: at least once, signed, until the receiver accepts it."""

import base64
import hashlib
import hmac
import json
import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from cityweather import tasks
from cityweather.api.webhooks import address, delivery, request
from cityweather.models import BulkJob
from cityweather.settings import CELERY_BEAT_SCHEDULE
from cityweather_dev.processes import wait_until
from tests.support.api import make_job
from tests.support.receiver import RAW, SECRET, Receiver, receiving

NOW = timezone.now()


def ended(receiver: Receiver, outcomes: str = "sf", **fields: Any) -> BulkJob:
    defaults = {"status": "done", "phase": "ended", "finished_at": NOW, "callback_url": receiver.url}
    return make_job(outcomes, **defaults | fields)


def deliver(now: datetime) -> int:
    return delivery.deliver(lambda: now)


def tick() -> None:
    """As Celery calls it, until what it has begun has ended."""
    tasks.callback_tick.apply(throw=True)
    assert wait_until(no_sender, 30)


def no_sender() -> bool:
    return all(thread.name != "callbacks" for thread in threading.enumerate())


def reload(job: BulkJob) -> BulkJob:
    return BulkJob.objects.get(pk=job.pk)


@pytest.mark.usefixtures("database", "redis_server")
def test_a_receiver_gets_the_status_signed_and_once(receiver: Receiver, keyed: Client) -> None:
    job = ended(receiver)
    tick()
    tick()
    assert deliver(NOW + timedelta(hours=20)) == 0
    ((path, headers, body),) = receiver.got
    event = json.loads(body)
    assert path == "/hook?token=very-secret"
    assert (event["type"], headers["content-type"]) == ("job.done", "application/json")
    assert event["data"] == keyed.get(f"/bulk/jobs/{job.job_id}").json()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(RAW, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - timezone.now().timestamp()) < 60
    assert reload(job).notified_at is not None


@pytest.mark.usefixtures("db")
@pytest.mark.slow
def test_an_attempt_asks_the_database_nothing_as_its_thread_would_leave_a_connection_open(receiver: Receiver) -> None:
    again = ended(receiver, retry_of=ended(receiver, finished_at=NOW - timedelta(seconds=1)))
    job = delivery.claim(NOW, [])
    assert job is not None
    with CaptureQueriesContext(connection) as asked:
        assert delivery.attempt(job) == 204
    assert not asked.captured_queries
    assert json.loads(receiver.got[0][2])["data"]["retries"] == [str(again.pk)]


@pytest.mark.usefixtures("db")
def test_two_secrets_sign_side_by_side(receiver: Receiver, settings: Settings) -> None:
    settings.CALLBACK_SECRET = f"{SECRET}, the-next-secret-of-ours"
    ended(receiver)
    assert deliver(NOW) == 1
    first, second = receiver.got[0][1]["webhook-signature"].split(" ")
    assert first.startswith("v1,")
    assert second.startswith("v1,")
    assert first != second


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("status", [500, 302, 404, 429])
def test_it_is_sent_again_after_a_pause_with_the_same_id_and_body(receiver: Receiver, status: int) -> None:
    job = ended(receiver)
    receiver.answers = [status]
    assert deliver(NOW) == 0
    assert reload(job).notified_at is None
    assert deliver(NOW + timedelta(seconds=14)) == 0
    assert len(receiver.got) == 1  # neither too soon nor at the redirect's address
    assert deliver(NOW + timedelta(seconds=15)) == 1
    (_, first, one), (_, second, other) = receiver.got
    assert (first["webhook-id"], one) == (second["webhook-id"], other)


def test_pauses_grow_to_an_hour() -> None:
    seconds = [delivery.pause(attempts).total_seconds() for attempts in (1, 2, 3, 4, 5, 6, 7, 30)]
    assert seconds == [15, 45, 135, 405, 1215, 3600, 3600, 3600]


def test_an_attempt_ends_before_the_next_one_is_due() -> None:
    assert delivery.FIRST_PAUSE.total_seconds() > address.LOOKUP_TIMEOUT + request.TOTAL_TIMEOUT
    assert CELERY_BEAT_SCHEDULE["callback"]["task"] == tasks.callback_tick.name


@pytest.mark.usefixtures("database")
def test_a_sender_killed_in_between_leaves_the_attempt_to_another(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ended(receiver)

    def killed(_: BulkJob) -> int:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "attempt", killed)
        with pytest.raises(SystemExit):
            deliver(NOW)
    assert (reload(job).callback_attempts, receiver.got) == (1, [])
    assert deliver(NOW + timedelta(seconds=15)) == 1
    assert reload(job).notified_at is not None


@pytest.mark.usefixtures("database")
def test_a_sender_killed_before_it_noted_the_answer_repeats_the_event(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(receiver)
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "record_answer", lambda *_: False)
        deliver(NOW)
    assert deliver(NOW + timedelta(seconds=15)) == 1
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1
    assert len(receiver.got) == 2


@pytest.mark.usefixtures("database", "redis_server")
def test_sixty_jobs_whose_receiver_hangs_delay_nobody(receiver: Receiver, settings: Settings) -> None:
    """The tick ends while they hang, a second one starts nothing, and the callback of a job that ends later is sent."""
    release = threading.Event()
    receiver.before = [lambda: release.wait(60)] * 60
    jobs = [ended(receiver, finished_at=NOW - timedelta(minutes=1)) for _ in range(60)]
    with receiving() as good:
        settings.CALLBACK_HOSTS = [receiver.address, good.address]
        try:
            tasks.callback_tick.apply(throw=True)
            assert wait_until(lambda: len(receiver.got) == delivery.PER_HOST, 30)
            assert delivery.start() is None
            later = ended(good)
            assert wait_until(lambda: reload(later).notified_at is not None, 30)
            assert len(receiver.got) == delivery.PER_HOST
        finally:
            release.set()
        assert wait_until(no_sender, 60)
    assert BulkJob.objects.filter(pk__in=[job.pk for job in jobs], notified_at=None).count() == 0


@pytest.mark.usefixtures("db")
@pytest.mark.slow
def test_one_tick_sends_all_that_is_due(receiver: Receiver) -> None:
    for _ in range(3 * delivery.AT_ONCE):
        ended(receiver)
    assert deliver(NOW) == 3 * delivery.AT_ONCE


@pytest.mark.usefixtures("db")
@pytest.mark.slow
def test_one_round_sends_more_than_fifty_and_few_at_a_time_to_each_receiver(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, under_way, most = threading.Lock(), Counter[str](), Counter[str]()
    attempt = delivery.attempt

    def counted(job: BulkJob) -> delivery.Answer:
        url = job.callback_url or ""
        with lock:
            under_way[url] += 1
            most[url] = max(most[url], under_way[url])
        try:
            return attempt(job)
        finally:
            with lock:
                under_way[url] -= 1

    monkeypatch.setattr(delivery, "attempt", counted)
    with receivers(4, settings) as all_of_them:
        for _ in range(15):
            for receiver in all_of_them:
                ended(receiver)
        assert deliver(NOW) == 60
        assert [len(receiver.got) for receiver in all_of_them] == [15] * 4
    assert max(most.values()) <= delivery.PER_HOST


@pytest.mark.benchmark
@pytest.mark.usefixtures("database")
def test_fifty_callbacks_a_second_go_to_fast_receivers(settings: Settings) -> None:
    """Run with `-n 0 -m benchmark -s`."""
    with receivers(4, settings) as all_of_them:
        for number in range(400):
            ended(all_of_them[number % 4])
        began = time.monotonic()
        assert deliver(NOW) == 400
        rate = 400 / (time.monotonic() - began)
    print(f"\n{connection.vendor}: {rate:.0f} callbacks a second")  # noqa: T201
    assert rate >= 50


@contextmanager
def receivers(number: int, settings: Settings) -> Iterator[list[Receiver]]:
    with ExitStack() as stack:
        made = [stack.enter_context(receiving()) for _ in range(number)]
        settings.CALLBACK_HOSTS = [receiver.address for receiver in made]
        settings.CALLBACK_SECRET = SECRET
        yield made


@pytest.mark.usefixtures("db")
def test_first_attempts_come_before_repeated_ones(receiver: Receiver) -> None:
    long_ago = NOW - timedelta(hours=1)
    again = ended(receiver, finished_at=long_ago, callback_attempts=3, callback_due_at=long_ago)
    first = ended(receiver)
    claimed = [delivery.claim(NOW, []) for _ in range(3)]
    assert [job and job.pk for job in claimed] == [first.pk, again.pk, None]


@pytest.mark.usefixtures("db")
def test_a_busy_receiver_is_passed_over_and_none_whose_name_is_like_it(receiver: Receiver) -> None:
    ended(receiver, finished_at=NOW - timedelta(minutes=1), callback_url="https://a.co:443/hook")
    other = ended(receiver, callback_url="https://a.co:4430/hook")
    job = delivery.claim(NOW, [address.origin("https://a.co:443/hook")])
    assert job is not None
    assert job.pk == other.pk
    assert delivery.claim(NOW, ["https://a.co:443/"]) is None


@pytest.mark.usefixtures("database")
def test_many_bookkeepers_at_once_send_each_event_once(receiver: Receiver) -> None:
    jobs = [ended(receiver) for _ in range(6)]
    threads = [threading.Thread(target=tick_and_close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(headers["webhook-id"] for _, headers, _ in receiver.got) == sorted(
        request.event_id(job) for job in jobs
    )


def tick_and_close() -> None:
    deliver(NOW)
    connection.close()


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(("answer", "late"), [(500, timedelta(hours=24)), (410, timedelta(0))])
def test_it_gives_up_and_logs_it_without_the_url(
    receiver: Receiver, caplog: pytest.LogCaptureFixture, answer: int, late: timedelta
) -> None:
    job = ended(receiver)
    receiver.answers = [answer]
    with caplog.at_level(logging.INFO):
        assert deliver(NOW + late) == 0
    assert caplog.messages == ["callback_given_up"]
    record = vars(caplog.records[0])
    assert (record["host"], record["answer"], record["job_id"]) == ("127.0.0.1", answer, str(job.job_id))
    assert "very-secret" not in str(record)
    assert deliver(NOW + timedelta(days=9)) == 0
    assert len(receiver.got) == 1


@pytest.mark.usefixtures("db")
def test_a_job_that_ended_days_ago_gets_one_attempt(receiver: Receiver) -> None:
    ended(receiver, finished_at=NOW - timedelta(days=3))
    assert deliver(NOW) == 1


@pytest.mark.usefixtures("db")
def test_jobs_that_run_or_asked_for_nothing_are_left_alone(receiver: Receiver) -> None:
    make_job("sp", callback_url=receiver.url)
    make_job("s", status="done", phase="ended", finished_at=NOW)
    assert deliver(NOW) == 0
    assert receiver.got == []


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_other_ends_are_sent_too(receiver: Receiver, status: str) -> None:
    ended(receiver, "sp", status=status)
    assert deliver(NOW) == 1
    assert json.loads(receiver.got[0][2])["type"] == f"job.{status}"


@pytest.mark.usefixtures("db")
def test_the_address_is_checked_again_when_it_is_sent(receiver: Receiver, settings: Settings) -> None:
    job = ended(receiver)
    settings.CALLBACK_HOSTS = ["127.0.0.1"]  # without its port a private address is refused
    assert deliver(NOW) == 0
    assert receiver.got == []
    assert reload(job).notified_at is None


@pytest.mark.usefixtures("db")
def test_a_name_server_that_hangs_costs_a_bounded_time(
    receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CALLBACK_HOSTS = ["hooks.example.com"]
    answer = threading.Event()
    monkeypatch.setattr(address, "LOOKUP_TIMEOUT", 0.05)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answer.wait(60) and [])
    try:
        answered = delivery.attempt(ended(receiver, callback_url="https://hooks.example.com/"))
    finally:
        answer.set()
    assert "not be looked up in time" in str(answered)
