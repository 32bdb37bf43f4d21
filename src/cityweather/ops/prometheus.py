"""/metrics for Prometheus: what every process counted, and how Redis, the broker and the jobs stand right now."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

import structlog
from django.db import DatabaseError
from django.db.models import Count, F, Min, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from redis.exceptions import RedisError

from cityweather.api.exceptions import only_get
from cityweather.flush import live_jobs
from cityweather.models import BulkJob, ImportChunk, Schedule
from cityweather.ops.health import QUEUES, running
from cityweather.runtime import connections, heartbeats, metrics
from cityweather.weather import factory
from cityweather.weather.availability import provider_availability

log = structlog.get_logger(__name__)

PREFIX = "cityweather_"
HELP = {
    "http_requests": "Requests answered.",
    "http_request_seconds": "Time to answer a request.",
    "rows": "Rows written to the database, by result.",
    "fetch_seconds": "Requests to the weather provider, by outcome.",
    "cache_lookups": "Cities looked up in the weather cache.",
    "recoveries": "Jobs rebuilt after Redis or the database lost something.",
    "callbacks": "Attempts to send the callback of a job that has ended, by outcome.",
    "schedule_runs": "Moments of schedules, by outcome: started, skipped, paused.",
    "task_seconds": "Celery tasks.",
    "task_failures": "Celery tasks that raised.",
}

Source = Callable[[], Iterable[Metric]]


@only_get
def view(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    metrics.send(at_once=True)
    return HttpResponse(generate_latest(Everything()), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class Everything:
    """Asked by prometheus_client. A part that does not answer is left out, and `up` shows it."""

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(f"{PREFIX}up", "Whether this part answered the scrape.", labels=["part"])
        for name, source in SOURCES.items():
            try:
                found = list(source())
            except (RedisError, DatabaseError, OSError):
                log.warning("metrics_incomplete", part=name)
                up.add_metric([name], 0)
            else:
                up.add_metric([name], 1)
                yield from found
        yield up


def counted() -> Iterator[Metric]:
    """Counters and histograms as all processes sent them."""
    sums: dict[str, dict[tuple[tuple[str, str], ...], float]] = defaultdict(dict)
    for field, value in metrics.read(connections.redis_client()).items():
        try:
            name, labels = metrics.labels_of(field)
        except ValueError:  # it would stay in Redis, and fail every scrape
            continue
        sums[name][tuple(labels.items())] = value
    for name in sorted(sums):
        base = name.removesuffix("_bucket")
        if base != name:
            yield _histogram(base, sums[name], sums[f"{base}_sum"])
        elif f"{name.removesuffix('_sum')}_bucket" not in sums:
            yield _counter(name, sums[name])


def _counter(name: str, sums: dict[tuple[tuple[str, str], ...], float]) -> Metric:
    names = [label for label, _ in next(iter(sums))]
    family = CounterMetricFamily(PREFIX + name, HELP.get(name, name), labels=names)
    for labels, value in sums.items():
        family.add_metric([text for _, text in labels], value)
    return family


def _histogram(
    name: str, buckets: dict[tuple[tuple[str, str], ...], float], sums: dict[tuple[tuple[str, str], ...], float]
) -> Metric:
    series: dict[tuple[tuple[str, str], ...], dict[str, float]] = defaultdict(dict)
    for labels, value in buckets.items():
        series[labels[:-1]][labels[-1][1]] = value  # the last label is the bound
    names = [label for label, _ in next(iter(series))]
    family = HistogramMetricFamily(PREFIX + name, HELP.get(name, name), labels=names)
    for labels, counts in series.items():
        total, cumulative = 0.0, []
        for bound in (*map(str, metrics.SECONDS), metrics.INFINITE):
            total += counts.get(bound, 0.0)
            cumulative.append((bound, total))
        family.add_metric([text for _, text in labels], cumulative, sums.get(labels, 0.0))
    return family


def broker() -> Iterator[Metric]:
    family = GaugeMetricFamily(f"{PREFIX}queue_length", "Messages no worker took yet.", labels=["queue"])
    for queue in QUEUES:
        family.add_metric([queue], connections.queue_length(queue))
    yield family


def ticks() -> Iterator[Metric]:
    family = GaugeMetricFamily(f"{PREFIX}tick_age_seconds", "Since this tick last ended well.", labels=["tick"])
    for name, age in heartbeats.tick_ages().items():
        family.add_metric([name], age)
    yield family


def workers() -> Iterator[Metric]:
    known = heartbeats.workers()
    alive = GaugeMetricFamily(f"{PREFIX}workers", "Workers that take from this queue.", labels=["queue"])
    for queue in QUEUES:
        alive.add_metric([queue], sum(queue in worker.queues for worker in known if worker.alive))
    yield alive
    gone = sum(not worker.alive for worker in known)
    yield GaugeMetricFamily(f"{PREFIX}workers_gone", "Workers that ended within the last hour unasked.", value=gone)
    ahead = GaugeMetricFamily(f"{PREFIX}clock_ahead_seconds", "Compared with the broker's clock.", labels=["host"])
    ahead.add_metric(["web"], heartbeats.clock_ahead())
    for worker in known:
        if worker.alive:
            ahead.add_metric([worker.name], worker.clock)
    yield ahead


def jobs() -> Iterator[Metric]:
    """Open jobs by phase; the index of jobs that have not ended holds just these."""
    family = GaugeMetricFamily(f"{PREFIX}jobs", "Jobs that have not ended, by phase.", labels=["phase"])
    for phase, count in BulkJob.objects.live().values_list("phase").annotate(count=Count("*")):
        family.add_metric([phase], count)
    yield family
    rows = ImportChunk.objects.filter(written=False).aggregate(rows=Sum("rows", default=0))["rows"]
    yield GaugeMetricFamily(f"{PREFIX}rows_not_imported", "Rows that the import tick is still to write.", value=rows)
    yield from schedules()


def schedules() -> Iterator[Metric]:
    paused = Schedule.objects.filter(pause_reason__isnull=False).count()
    oldest = Schedule.objects.filter(paused=False).aggregate(oldest=Min("next_at"))["oldest"]
    late = max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else 0.0
    yield GaugeMetricFamily(f"{PREFIX}schedules_stopped", "Schedules that the service itself paused.", value=paused)
    yield GaugeMetricFamily(f"{PREFIX}schedule_late_seconds", "How long the oldest run that is due waits.", value=late)


def live() -> Iterator[Metric]:
    """What the running jobs have under way, added up. Rows of new and of paused jobs, which may be many, only count."""
    jobs = list(running(list(live_jobs.under_way())))
    resting = BulkJob.objects.live().filter(live_jobs.NEW | live_jobs.PAUSED)
    pending = resting.aggregate(rows=Sum(F("total") - F("processed"), default=0))["rows"]
    waiting = sum(bool(job.progress.waiting_for) for job in jobs)
    unflushed = sum(job.progress.unflushed_bytes for job in jobs)
    values = {
        "rows_pending": ("Rows still to be refreshed.", pending + sum(job.progress.pending for job in jobs)),
        "rows_window": ("Rows that may be under way at once.", sum(job.progress.window for job in jobs)),
        "rows_per_second": ("Rows refreshed a second.", sum(job.progress.rate for job in jobs)),
        "jobs_waiting": ("Jobs that wait for a quota, the provider, its key or the flush.", waiting),
        "stream_bytes": (
            "Results that the database does not hold yet.",
            unflushed,
        ),
        "flush_lag_seconds": ("Age of the oldest such result.", max((job.lag for job in jobs), default=0.0)),
    }
    for name, (text, value) in values.items():
        yield GaugeMetricFamily(PREFIX + name, text, value=value)


def provider() -> Iterator[Metric]:
    """What holds the bulk path back, and what the longer quota windows have used."""
    now, state = time.time(), provider_availability()
    blocked = GaugeMetricFamily(f"{PREFIX}provider_blocked", "1 while nobody may ask, by reason.", labels=["reason"])
    for reason in ("quota", "provider", "key"):
        blocked.add_metric([reason], float(state.blocked == reason))
    yield blocked
    wait = max(0.0, state.until - now) if state.blocked else 0.0
    yield GaugeMetricFamily(f"{PREFIX}provider_wait_seconds", "Until the provider may be asked again.", value=wait)
    used = GaugeMetricFamily(f"{PREFIX}quota_used", "Cities asked for in this quota window.", labels=["window"])
    for window, cities in factory.rate_limiter().usage().items():
        used.add_metric([window.partition(":")[0]], cities)
    yield used


SOURCES: dict[str, Source] = {
    "redis": counted,
    "ticks": ticks,
    "workers": workers,
    "broker": broker,
    "database": jobs,
    "live": live,
    "provider": provider,
}
