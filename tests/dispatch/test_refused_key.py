"""While the provider refuses the key, jobs wait and show why; they go on by themselves, or fail after a day of it."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from cityweather.dispatch import job_control
from cityweather.models import BulkJob
from cityweather.weather.availability import KEY_PATIENCE, ProviderAvailability
from tests.support.capture import Sent
from tests.support.dispatch import sent_rows, tick, use
from tests.support.flush import agree, flush, make_job, reload, tracker

SENTENCE = "The provider refuses the key."


def refused(since: float) -> ProviderAvailability:
    """The key has been refused for `since` seconds."""
    now = time.time()
    return ProviderAvailability("key", now + 60, error=SENTENCE, key_refused_since=now - since)


def shown(job: BulkJob) -> tuple[str | None, str | None, str]:
    """(waiting_for, error, phase) in Redis."""
    progress = tracker().progress(str(job.job_id))
    assert progress is not None
    return progress.waiting_for, progress.error, progress.phase


def test_a_job_waits_for_the_key_and_shows_what_to_do(sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(5)
    use(monkeypatch, refused(since=60))
    tick()
    assert (shown(job), sent_tasks) == (("key", SENTENCE, "queued"), [])


def test_a_job_that_a_worker_parked_gets_the_sentence_too(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(5)
    flush(job)
    tracker().park(str(job.job_id), reload(job).epoch, time.time() + 60, "key")
    use(monkeypatch, refused(since=60))
    tick()
    assert shown(job) == ("key", SENTENCE, "queued")


def test_it_goes_on_and_drops_the_sentence_when_the_key_works(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(5)
    use(monkeypatch, refused(since=60))
    tick()
    use(monkeypatch, ProviderAvailability())
    tick()
    assert shown(job)[1:] == (None, "fetching")
    assert len(sent_rows(sent_tasks)) == 5


def test_it_keeps_the_sentence_while_a_probe_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(5)
    use(monkeypatch, refused(since=60))
    tick()
    use(monkeypatch, ProviderAvailability(key_refused_since=time.time() - 60))
    tick()
    assert shown(job)[1] == SENTENCE


def test_it_fails_after_a_day_of_it_and_no_city_does(sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(5)
    long_ago = timezone.now() - timedelta(seconds=KEY_PATIENCE + 10)
    BulkJob.objects.update(created_at=long_ago, phases=[["queued", long_ago.isoformat()]])
    use(monkeypatch, refused(since=KEY_PATIENCE + 1))
    tick()
    assert shown(job)[1:] == (SENTENCE, "failing")
    tick()
    flush(job)
    assert (reload(job).status, reload(job).error, agree(job), sent_tasks) == ("failed", SENTENCE, (0, 0, 0), [])


def test_a_job_that_was_paused_for_a_day_has_a_day_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    long_ago = timezone.now() - timedelta(seconds=2 * KEY_PATIENCE)
    job = make_job(5)
    BulkJob.objects.update(created_at=long_ago, phases=[["queued", long_ago.isoformat()]])
    tick()
    job_control.pause(str(job.job_id))
    use(monkeypatch, refused(since=2 * KEY_PATIENCE))
    job_control.resume(str(job.job_id))
    tick()
    assert shown(job) == ("key", SENTENCE, "fetching")


def test_a_new_job_has_its_own_day(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(5)
    use(monkeypatch, refused(since=2 * KEY_PATIENCE))
    tick()
    assert shown(job) == ("key", SENTENCE, "queued")
