"""GET /bulk/summary: all cities and all jobs in one answer."""

from collections import Counter
from typing import Any

from django.db.models import Count
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.api import queries, schema
from cityweather.api import serializers as shapes
from cityweather.api.base import KeyedView
from cityweather.models import BulkJob, City, Status


class CityCounts(shapes.Shape):
    success = s.IntegerField()
    failed = s.IntegerField()
    pending = s.IntegerField(help_text="Never refreshed")


class JobCounts(shapes.Shape):
    queued = s.IntegerField()
    running = s.IntegerField()
    done = s.IntegerField()
    failed = s.IntegerField()
    cancelled = s.IntegerField()


class Overview(shapes.Shape):
    cities = CityCounts(help_text="By the last refresh of each")
    jobs = JobCounts()
    most_recent = shapes.City(many=True, help_text="Cities refreshed last")
    failures = shapes.Failures(many=True, help_text="Cities whose last refresh failed, by reason, most frequent first")


class OverviewView(KeyedView):
    @schema.document(
        "jobs_overview",
        "How all cities and jobs are, what was refreshed last, and why refreshes fail",
        {(200, schema.JSON): Overview},
        parameters=[queries.OverviewQuery],
    )
    def get(self, request: Request) -> Response:
        query = queries.OverviewQuery.of(request)
        cities, failures = count_cities()
        found = {"cities": cities, "jobs": count_jobs(), "most_recent": most_recent(query["top"]), "failures": failures}
        return Response(Overview(found, context=query).data)


def count_cities() -> tuple[dict[str, int], list[dict[str, object]]]:
    """By status, and the failed ones by reason. One scan of all cities serves both."""
    rows = City.objects.values_list("last_status", "last_error").annotate(count=Count("*"))
    counts, reasons = dict.fromkeys(Status.values, 0), Counter[str]()
    for status, error, count in rows:
        counts[status] += count
        if status == Status.FAILED:
            reasons[error or ""] += count
    ordered = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    return counts, [{"error": reason, "count": count} for reason, count in ordered]


def count_jobs() -> dict[str, int]:
    found = BulkJob.objects.visible().order_by().values_list("status").annotate(count=Count("*"))
    return dict.fromkeys(BulkJob.Status.values, 0) | dict(found)


def most_recent(top: int) -> Any:
    """In the order of an index."""
    rows = City.objects.filter(last_refreshed_at__isnull=False).order_by("-last_refreshed_at")
    return rows.values(*shapes.sources(shapes.City()))[:top]
