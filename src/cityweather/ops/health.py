"""/healthz: every part and how it is. /readyz: only what is needed to serve."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock, Thread
from time import monotonic
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis import Redis
from redis.exceptions import OutOfMemoryError, ReadOnlyError

from cityweather.api.exceptions import only_get
from cityweather.flush import live_jobs
from cityweather.models import BulkJob
from cityweather.runtime import connections, heartbeats, outages, redis_keys
from cityweather.runtime.batched import batched
from cityweather.tracker.progress import Progress
from cityweather.tracker.results import order

LIMIT = 3.0  # seconds for each part
FRESH = 1.0  # seconds that an answer is given again: nobody needs a key to ask, so it must not cost each time
TICKS = ("import_tick", "dispatch_tick", "flush_tick")  # once a second or more often, if all is well
TICK_LATE = 15.0  # seconds; a flush of a large backlog lasts a few
FLUSH_LATE = 60.0  # seconds
PARKED = "parked for all jobs; `cityweather resume` lets it go on"
OUT_OF_CLIENTS = "out of clients: raise its maxclients, or run fewer processes"
QUEUES = ("fetch", "bookkeeping")


class Unwell(Exception):
    """A part answers but is not well; the text is for everybody."""


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    check: Callable[[], str]  # a word on how it is; raises when it is not well
    needed: bool = False  # to serve at all


def database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM cityweather_bulkjob LIMIT 1")
    return connection.vendor


def redis() -> str:
    _require_writes(connections.redis_client())
    return "answers"


def _require_writes(client: Redis) -> None:
    """A write that changes nothing: a full server and a replica answer a ping, yet refuse this."""
    try:
        client.setrange(redis_keys.HEALTH, 0, "")
    except OutOfMemoryError as error:
        raise Unwell("full, takes no writes: `cityweather flush` makes room by hand, maxmemory for good") from error
    except connections.WritesRefused as error:
        raise Unwell(f"takes no writes: {error}") from error
    except ReadOnlyError as error:
        raise Unwell("takes no writes: it is a read-only replica") from error


def broker() -> str:
    _require_writes(connections.broker_client())
    waiting = {queue: connections.queue_length(queue) for queue in QUEUES}
    return ", ".join(f"{count} waiting in {queue}" for queue, count in waiting.items())


def beat() -> str:
    known = heartbeats.tick_ages()
    ages = {name: known.get(name, math.inf) for name in TICKS}
    late = [name for name, age in ages.items() if age > TICK_LATE]
    if late:
        raise Unwell(f"no {' and no '.join(late)} within {TICK_LATE:.0f} s: does a bookkeeper run, and one beat?")
    return ", ".join(f"{name} {age:.0f} s ago" for name, age in ages.items())


def workers() -> str:
    """How many workers take from each queue. One that is gone without having been stopped is named for an hour."""
    known = heartbeats.workers()
    counts = {queue: sum(queue in worker.queues for worker in known if worker.alive) for queue in QUEUES}
    gone = [f"{worker.name} was last seen {worker.age:.0f} s ago" for worker in known if not worker.alive]
    if missing := [queue for queue, count in counts.items() if not count]:
        raise Unwell("; ".join([f"no worker takes from {' and '.join(missing)}", *gone]))
    return "; ".join([", ".join(f"{queue}: {count}" for queue, count in counts.items()), *gone])


def clocks() -> str:
    """Leases, rates and quotas compare these clocks."""
    ahead = {"this host": heartbeats.clock_ahead()}
    ahead |= {worker.name: worker.clock for worker in heartbeats.workers() if worker.alive}
    off = [f"{name} is {seconds:+.0f} s off" for name, seconds in ahead.items() if abs(seconds) > heartbeats.SKEW]
    if off:
        raise Unwell(f"compared with the broker's clock {', '.join(off)}: run NTP on every host")
    return "agree"


def dispatch() -> str:
    return PARKED if connections.tracker().draining() else "goes on"


def flush() -> str:
    # Here and not with the database, which /readyz needs: reads, and so every poll, go on.
    if why := outages.noted_refusal():
        raise Unwell(f"the database takes no writes: {why}")
    lag = max((job.lag for job in running(live_jobs.to_flush())), default=0.0)
    if lag > FLUSH_LATE:
        raise Unwell(f"results wait {lag:.0f} s for the database")
    return f"results wait {lag:.1f} s for the database"


@dataclass(frozen=True, slots=True)
class Running:
    """`lag`: seconds that its oldest result has waited for the database, 0 when none waits."""

    progress: Progress
    lag: float


def running(jobs: Sequence[BulkJob]) -> Iterator[Running]:
    """Those of the jobs that Redis knows, in two round trips for each group of them. Raises RedisError."""
    tracker = connections.tracker()
    for group in batched(jobs, live_jobs.AT_ONCE):
        job_ids = [str(job.job_id) for job in group]
        known = zip(job_ids, tracker.progresses(job_ids), strict=True)
        states = {job_id: progress for job_id, progress in known if progress and not progress.ended}
        waiting = {job_id: progress.flushed for job_id, progress in states.items() if progress.unflushed_bytes}
        oldest = dict(zip(waiting, tracker.next_entries(waiting), strict=True))
        now = heartbeats.now() if waiting else 0.0
        for job_id, progress in states.items():
            began = oldest.get(job_id)
            yield Running(progress, max(0.0, now - order(began)[0] / 1000) if began else 0.0)


PARTS = (
    Part("database", database, needed=True),
    Part("redis", redis),
    Part("broker", broker),
    Part("beat", beat),
    Part("workers", workers),
    Part("clocks", clocks),
    Part("dispatch", dispatch),
    Part("flush", flush),
)


@only_get
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    return answer(PARTS)


@only_get
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Without Redis the service answers, from the database and uncached."""
    return answer([part for part in PARTS if part.needed])


def answer(parts: Any) -> JsonResponse:
    states = examine(list(parts))
    well = all(state["ok"] for state in states.values())
    return JsonResponse({"status": "ok" if well else "unhealthy", "parts": states}, status=200 if well else 503)


State = dict[str, Any]


class Probe:
    """Examines one part in a thread. Requests share the result, so a part that hangs holds one thread only."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._asked: Future[State] | None = None
        self._since = 0.0  # monotonic seconds: when it was asked
        self._until = 0.0  # monotonic seconds: how long its answer is given again

    def ask(self, part: Part) -> "tuple[Future[State], float]":
        """What it answers, and since when it is asked."""
        with self._lock:
            if self._asked is None or (self._asked.done() and monotonic() >= self._until):
                self._asked, self._since = Future(), monotonic()
                Thread(target=self._ask, args=(part, self._asked), name=f"health-{part.name}", daemon=True).start()
            return self._asked, self._since

    def _ask(self, part: Part, asked: "Future[State]") -> None:
        state = _examine(part)
        self._until = monotonic() + FRESH
        asked.set_result(state)


@lru_cache
def probe(name: str) -> Probe:  # noqa: ARG001  # one for each name
    return Probe()


def examine(parts: list[Part]) -> dict[str, State]:
    """All at once, each within LIMIT: a part that hangs must not hide the others.

    Requests that come later do not wait for it again, or they would hold every thread of the process.
    """
    waiting = {part.name: probe(part.name).ask(part) for part in parts}
    states = {}
    for name, (future, since) in waiting.items():
        try:
            states[name] = future.result(timeout=max(0.0, since + LIMIT - monotonic()))
        except TimeoutError:
            states[name] = {"ok": False, "detail": f"no answer within {LIMIT:.0f} s"}
    return states


def _examine(part: Part) -> State:
    began = monotonic()
    try:
        detail, ok = part.check(), True
    except Unwell as error:
        detail, ok = str(error), False
    except Exception as error:  # noqa: BLE001  # whatever it is, the part is not well
        detail, ok = _reason(error), False
    finally:
        connection.close()  # this thread's own
    return {"ok": ok, "detail": detail, "milliseconds": round((monotonic() - began) * 1000, 1)}


def _reason(error: Exception) -> str:
    """For everybody: the error's own words may hold an address."""
    if "max number of clients reached" in str(error):
        return OUT_OF_CLIENTS
    return outages.refusal_reason(error) or type(error).__name__
