"""Tells who asked for it that a job has ended: at least once, from the committed row, until the answer is a 2xx."""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Lock, Thread
from urllib.parse import urlsplit

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from cityweather.api.webhooks import event
from cityweather.api.webhooks.address import resolve
from cityweather.api.webhooks.post import post
from cityweather.errors import CallbackRefused
from cityweather.models import BulkJob
from cityweather.runtime import metrics, outages
from cityweather.runtime.connections import ANY_AWAY

log = logging.getLogger(__name__)

AT_ONCE = 8
FIRST_PAUSE = timedelta(seconds=15)  # longer than an attempt lasts, or two of them could overlap
LONGEST_PAUSE = timedelta(hours=1)
GIVE_UP = timedelta(hours=24)  # after the job has ended; one attempt is made however late
GONE = 410  # the receiver wants no more
_idle = Lock()  # held while this process sends


def start(now: datetime | None = None) -> Thread | None:
    """A round over what is due, in a thread: receivers that hang must hold up neither dispatch nor flush.

    None when nothing is due or this process's last round is still under way.
    """
    if not _idle.acquire(blocking=False):
        return None
    now, jobs = now or timezone.now(), []
    try:
        jobs = list(claimed(now))
    finally:
        if not jobs:
            _idle.release()
    if not jobs:
        return None
    thread = Thread(target=_round, args=(jobs, now), name="callbacks", daemon=True)
    thread.start()
    return thread


def _round(jobs: list[BulkJob], now: datetime) -> None:
    try:
        send(jobs, now)
        metrics.send(at_once=True)
    except ANY_AWAY as error:
        outages.tell(error, then="the receivers are told again")
    finally:
        _idle.release()
        connection.close()  # this thread's own


def send(jobs: list[BulkJob], now: datetime) -> int:
    """Returns how many were accepted."""
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="callback") as pool:
        answers = list(pool.map(attempt, jobs))  # threads touch no database
    return sum(settle(job, answer, now) for job, answer in zip(jobs, answers, strict=True))


def claimed(now: datetime) -> Iterator[BulkJob]:
    """Compare and swap: whoever raises the count makes this attempt.

    The claim says already when the next one is due, so a sender that is killed leaves nothing to mend.
    """
    due = Q(callback_attempts=0) | Q(callback_due_at__lte=now)
    waiting = BulkJob.objects.filter(phase=BulkJob.Phase.ENDED, callback_url__isnull=False, notified_at__isnull=True)
    # With what the body tells, for `attempt`: a connection its thread opened would be closed by nobody.
    for job in waiting.filter(due).prefetch_related("retries").order_by("finished_at")[:AT_ONCE]:
        mine = waiting.filter(pk=job.pk, callback_attempts=job.callback_attempts)
        job.callback_attempts += 1
        job.callback_due_at = now + pause(job.callback_attempts)
        if mine.update(callback_attempts=job.callback_attempts, callback_due_at=job.callback_due_at):
            yield job


def pause(attempts: int) -> timedelta:
    """15 s, 45 s, 2, 7, 20 minutes, then every hour."""
    factor: int = 3 ** min(attempts - 1, 10)
    return min(LONGEST_PAUSE, FIRST_PAUSE * factor)


def attempt(job: BulkJob) -> int | str:
    """The receiver's status, or a word on why there is none."""
    content = event.body(job)
    try:
        target = resolve(job.callback_url or "")
    except CallbackRefused as error:
        return error.detail
    return post(target, event.headers(job, content, time.time()), content)


def settle(job: BulkJob, answer: int | str, now: datetime) -> bool:
    told = {"job_id": str(job.job_id), "host": host(job), "attempt": job.callback_attempts}
    mine = BulkJob.objects.filter(pk=job.pk, notified_at__isnull=True)
    if isinstance(answer, int) and 200 <= answer < 300:
        mine.update(notified_at=timezone.now())
        metrics.add("callbacks", outcome="delivered")
        log.info("callback_delivered", extra=told)
        return True
    due = job.callback_due_at or now
    if answer == GONE or due > (job.finished_at or now) + GIVE_UP:
        # Without a next time it is not looked for again.
        mine.filter(callback_attempts=job.callback_attempts).update(callback_due_at=None)
        metrics.add("callbacks", outcome="gave_up")
        log.error("callback_given_up", extra={**told, "answer": answer})
    else:
        metrics.add("callbacks", outcome="failed")
        log.warning("callback_failed", extra={**told, "answer": answer, "next": due.isoformat(timespec="seconds")})
    return False


def host(job: BulkJob) -> str:
    """All of the URL that a log may hold."""
    return urlsplit(job.callback_url or "").hostname or ""
