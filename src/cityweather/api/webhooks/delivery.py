"""Sends the callback of an ended job at least once, from the committed row, until the receiver answers with a 2xx."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from threading import Lock, Thread
from urllib.parse import urlsplit

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from cityweather.api.webhooks import request
from cityweather.api.webhooks.address import origin, resolve
from cityweather.errors import CallbackRefused
from cityweather.models import BulkJob
from cityweather.runtime import metrics, outages

log = logging.getLogger(__name__)

AT_ONCE = 32  # attempts in a process
PER_HOST = 4  # of them to one receiver, so receivers that hang leave room for others
LOOK_AGAIN = 1.0  # seconds without an answer until the database is asked for new ones
FIRST_PAUSE = timedelta(seconds=15)  # longer than an attempt lasts, or two of them could overlap
LONGEST_PAUSE = timedelta(hours=1)
GIVE_UP = timedelta(hours=24)  # after the job has ended; one attempt is made however late
GONE = 410  # the receiver wants no more
_sending = Lock()  # held while this process sends

Answer = int | str  # a status, or why there is none
Clock = Callable[[], datetime]


def start(clock: Clock = timezone.now) -> Thread | None:
    """Send what is due, in a thread, since a receiver that hangs must delay neither dispatch nor flush.

    Returns None if nothing is due or this process is already sending.
    """
    if not _due(clock()).exists() or not _sending.acquire(blocking=False):
        return None
    thread = Thread(target=_send, args=(clock,), name="callbacks", daemon=True)
    thread.start()
    return thread


def _send(clock: Clock) -> None:
    try:
        deliver(clock)
        metrics.send(at_once=True)
    except outages.OUTAGE_ERRORS as error:
        outages.log_outage(error, next_step="the callbacks are sent again")
    finally:
        _sending.release()
        connection.close()  # this thread's own


def deliver(clock: Clock = timezone.now) -> int:
    """Make attempts until nothing is due and none is under way. Returns how many were accepted."""
    running: dict[Future[Answer], BulkJob] = {}
    accepted = 0
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="callback") as pool:
        while True:
            while job := _claim_next(clock(), list(running.values())):
                running[pool.submit(attempt, job)] = job
            if not running:
                return accepted
            for future in wait(running, LOOK_AGAIN, FIRST_COMPLETED).done:
                accepted += record_answer(running.pop(future), future.result(), clock())
            metrics.send()


def _claim_next(now: datetime, running: list[BulkJob]) -> BulkJob | None:
    """The next attempt, if there is room: first attempts first, and at most PER_HOST at once to one receiver."""
    if len(running) >= AT_ONCE:
        return None
    busy = Counter(origin(job.callback_url or "") for job in running)
    return claim(now, [receiver for receiver, number in busy.items() if number >= PER_HOST])


def claim(now: datetime, busy: list[str]) -> BulkJob | None:
    """Claim one attempt to a receiver that is not among `busy` (origins of URLs). Returns None if none is due.

    Who raises the count of attempts makes the attempt (compare and swap). The claim also sets when the next attempt
    is due, so a sender that is killed leaves nothing to repair.
    """
    due = _due(now)
    for receiver in busy:
        due = due.exclude(callback_url__startswith=receiver)
    # The retries and reruns are in the body, and an attempt's own thread asks the database nothing.
    first = due.prefetch_related("retries", "reruns").order_by("callback_attempts", "finished_at")
    while job := first.first():
        mine = unaccepted().filter(pk=job.pk, callback_attempts=job.callback_attempts)
        job.callback_attempts += 1
        job.callback_due_at = now + pause(job.callback_attempts)
        if mine.update(callback_attempts=job.callback_attempts, callback_due_at=job.callback_due_at):
            return job
    return None


def unaccepted() -> QuerySet[BulkJob]:
    """Ended jobs whose receiver has not accepted the callback."""
    ended = BulkJob.objects.visible().filter(phase=BulkJob.Phase.ENDED)
    return ended.filter(callback_url__isnull=False, notified_at__isnull=True)


def _due(now: datetime) -> QuerySet[BulkJob]:
    return unaccepted().filter(Q(callback_attempts=0) | Q(callback_due_at__lte=now))


def pause(attempts: int) -> timedelta:
    """15 s, 45 s, 2, 7, 20 minutes, then every hour."""
    factor: int = 3 ** min(attempts - 1, 10)
    return min(LONGEST_PAUSE, FIRST_PAUSE * factor)


def attempt(job: BulkJob) -> Answer:
    content = request.body(job)
    try:
        target = resolve(job.callback_url or "")
    except CallbackRefused as error:
        return error.detail
    return request.post(target, request.headers(job, content, time.time()), content)


def record_answer(job: BulkJob, answer: Answer, now: datetime) -> bool:
    """Returns whether the receiver accepted."""
    # The host is all of the URL that a log may hold.
    facts = {"job_id": str(job.job_id), "host": urlsplit(job.callback_url).hostname, "attempt": job.callback_attempts}
    mine = unaccepted().filter(pk=job.pk)
    if isinstance(answer, int) and 200 <= answer < 300:
        mine.update(notified_at=now)
        metrics.add("callbacks", outcome="delivered")
        log.info("callback_delivered", extra=facts)
        return True
    due = job.callback_due_at or now
    if answer == GONE or due > (job.finished_at or now) + GIVE_UP:
        # Without a time of the next attempt there is none.
        mine.filter(callback_attempts=job.callback_attempts).update(callback_due_at=None)
        metrics.add("callbacks", outcome="gave_up")
        log.error("callback_given_up", extra={**facts, "answer": answer})
    else:
        metrics.add("callbacks", outcome="failed")
        log.warning("callback_failed", extra={**facts, "answer": answer, "next": due.isoformat(timespec="seconds")})
    return False
