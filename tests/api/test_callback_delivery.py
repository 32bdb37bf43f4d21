"""An ended job is told to its callback_url: at least once, signed, until the receiver takes it."""

import base64
import hashlib
import hmac
import json
import logging
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from cityweather import tasks
from cityweather.api.callbacks import address, delivery, post
from cityweather.models import BulkJob
from cityweather.settings import CELERY_BEAT_SCHEDULE
from tests.api.helpers import make_job
from tests.api.receiver import Receiver, receiving

NOW = timezone.now()
RAW = b"0123456789abcdef01234567"
SECRET = "whsec_" + base64.b64encode(RAW).decode()


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with receiving() as server:
        settings.CALLBACK_HOSTS = [server.place]
        settings.CALLBACK_SECRET = SECRET
        yield server


def ended(receiver: Receiver, outcomes: str = "sf", **fields: Any) -> BulkJob:
    defaults = {"status": "done", "phase": "ended", "finished_at": NOW, "callback_url": receiver.url}
    return make_job(outcomes, **defaults | fields)


def reload(job: BulkJob) -> BulkJob:
    return BulkJob.objects.get(pk=job.pk)


@pytest.mark.usefixtures("database", "redis_server")
def test_a_receiver_gets_the_status_signed_and_once(receiver: Receiver, keyed: Client) -> None:
    job = ended(receiver)
    tasks.callback_tick.apply(throw=True)
    tasks.callback_tick.apply(throw=True)
    assert delivery.deliver(NOW + timedelta(hours=20)) == 0
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
def test_two_secrets_sign_side_by_side(receiver: Receiver, settings: Settings) -> None:
    settings.CALLBACK_SECRET = f"{SECRET}, the-next-secret-of-ours"
    ended(receiver)
    assert delivery.deliver(NOW) == 1
    first, second = receiver.got[0][1]["webhook-signature"].split(" ")
    assert first.startswith("v1,")
    assert second.startswith("v1,")
    assert first != second


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("status", [500, 302, 404, 429])
def test_it_is_sent_again_after_a_pause_with_the_same_id_and_body(receiver: Receiver, status: int) -> None:
    job = ended(receiver)
    receiver.answers = [status]
    assert delivery.deliver(NOW) == 0
    assert reload(job).notified_at is None
    assert delivery.deliver(NOW + timedelta(seconds=14)) == 0
    assert len(receiver.got) == 1  # neither too soon nor at the redirect's address
    assert delivery.deliver(NOW + timedelta(seconds=15)) == 1
    (_, first, one), (_, second, other) = receiver.got
    assert (first["webhook-id"], one) == (second["webhook-id"], other)


def test_pauses_grow_to_an_hour() -> None:
    seconds = [delivery.pause(attempts).total_seconds() for attempts in (1, 2, 3, 4, 5, 6, 7, 30)]
    assert seconds == [15, 45, 135, 405, 1215, 3600, 3600, 3600]


def test_an_attempt_ends_before_the_next_one_is_due() -> None:
    assert delivery.FIRST_PAUSE.total_seconds() > post.TOTAL_TIMEOUT
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
            delivery.deliver(NOW)
    assert (reload(job).callback_attempts, receiver.got) == (1, [])
    assert delivery.deliver(NOW + timedelta(seconds=15)) == 1
    assert reload(job).notified_at is not None


@pytest.mark.usefixtures("database")
def test_a_sender_killed_before_it_noted_the_answer_repeats_the_event(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(receiver)
    with monkeypatch.context() as patch:
        patch.setattr(delivery, "settle", lambda *_: False)
        delivery.deliver(NOW)
    assert delivery.deliver(NOW + timedelta(seconds=15)) == 1
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1
    assert len(receiver.got) == 2


@pytest.mark.usefixtures("database")
def test_of_two_bookkeepers_at_once_one_sends(receiver: Receiver) -> None:
    """The second looks at the rows before the first has claimed one, as on another machine."""
    jobs = [ended(receiver) for _ in range(3)]
    one, other = delivery.claimed(NOW), delivery.claimed(NOW)
    first, second = next(one), next(other)
    assert {first.pk, second.pk} <= {job.pk for job in jobs}
    assert sorted(str(job.pk) for job in [first, second, *one, *other]) == sorted(str(job.pk) for job in jobs)


@pytest.mark.usefixtures("database")
def test_many_bookkeepers_at_once_send_each_event_once(receiver: Receiver) -> None:
    jobs = [ended(receiver) for _ in range(6)]
    threads = [threading.Thread(target=tick_and_close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(headers["webhook-id"] for _, headers, _ in receiver.got) == sorted(
        delivery.event.event_id(job) for job in jobs
    )


def tick_and_close() -> None:
    delivery.deliver(NOW)
    connection.close()


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(("answer", "late"), [(500, timedelta(hours=24)), (410, timedelta(0))])
def test_it_gives_up_and_says_so_without_the_url(
    receiver: Receiver, caplog: pytest.LogCaptureFixture, answer: int, late: timedelta
) -> None:
    job = ended(receiver)
    receiver.answers = [answer]
    with caplog.at_level(logging.INFO):
        assert delivery.deliver(NOW + late) == 0
    assert caplog.messages == ["callback_given_up"]
    told = vars(caplog.records[0])
    assert (told["host"], told["answer"], told["job_id"]) == ("127.0.0.1", answer, str(job.job_id))
    assert "very-secret" not in str(told)
    assert delivery.deliver(NOW + timedelta(days=9)) == 0
    assert len(receiver.got) == 1


@pytest.mark.usefixtures("db")
def test_a_job_that_ended_days_ago_gets_one_attempt(receiver: Receiver) -> None:
    ended(receiver, finished_at=NOW - timedelta(days=3))
    assert delivery.deliver(NOW) == 1


@pytest.mark.usefixtures("db")
def test_jobs_that_run_or_asked_for_nothing_are_left_alone(receiver: Receiver) -> None:
    make_job("sp", callback_url=receiver.url)
    make_job("s", status="done", phase="ended", finished_at=NOW)
    assert delivery.deliver(NOW) == 0
    assert receiver.got == []


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_other_ends_are_told_too(receiver: Receiver, status: str) -> None:
    ended(receiver, "sp", status=status)
    assert delivery.deliver(NOW) == 1
    assert json.loads(receiver.got[0][2])["type"] == f"job.{status}"


@pytest.mark.usefixtures("db")
def test_the_address_is_checked_again_when_it_is_sent(receiver: Receiver, settings: Settings) -> None:
    job = ended(receiver)
    settings.CALLBACK_HOSTS = ["127.0.0.1"]  # without its port a private address is refused
    assert delivery.deliver(NOW) == 0
    assert receiver.got == []
    assert reload(job).notified_at is None


def test_the_connection_goes_to_the_address_that_was_checked(receiver: Receiver) -> None:
    """The name has no address at all, so whoever looked it up again would fail."""
    port = receiver.server_port
    target = address.Target(f"http://rebinding.invalid:{port}/x", "rebinding.invalid", port, ("127.0.0.1",))
    assert post.post(target, {"X-Test": "1"}, b"{}") == 204
    assert receiver.got[0][1]["host"] == f"rebinding.invalid:{port}"


@pytest.mark.usefixtures("db")
def test_a_name_looked_up_for_too_long_is_left_to_the_next_attempt(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or this attempt and the next one would be under way at the same moment."""
    job = ended(receiver)
    times = iter([100.0, 106.5])
    with monkeypatch.context() as patch:
        patch.setattr(delivery.time, "monotonic", lambda: next(times))
        answer = delivery.attempt(job)
    assert answer == "the name's look-up took too long"
    assert receiver.got == []


@pytest.mark.parametrize("host", ["::1", "127.0.0.1", "a-name.invalid"])
def test_addresses_of_both_kinds_are_connected_to(host: str) -> None:
    shown, addresses = (f"[{host}]", (host,)) if ":" in host else (host, ("::1", "127.0.0.1"))
    addresses = (host,) if host == "127.0.0.1" else addresses
    assert post.post(address.Target(f"http://{shown}:1/", host, 1, addresses), {}, b"{}") == "curl error 7"


def test_a_proxy_of_the_environment_is_not_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    target = address.Target(receiver.url, "127.0.0.1", receiver.server_port, ("127.0.0.1",))
    assert post.post(target, {}, b"{}") == 204


def test_a_receiver_that_never_answers_costs_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "TOTAL_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        target = address.Target(f"http://127.0.0.1:{port}/", "127.0.0.1", port, ("127.0.0.1",))
        assert post.post(target, {}, b"{}") == "curl error 28"
