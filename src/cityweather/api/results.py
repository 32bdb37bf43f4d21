"""What became of a job's rows: results, rejected rows, a summary and points for a map."""

from typing import Any

from django.conf import settings
from django.db.models import Count, F, Q
from django.db.models.functions import Coalesce
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.api import queries, schema, snapshots
from cityweather.api.base import KeyedView
from cityweather.api.exports import JobRowsView
from cityweather.api.formats import CsvRenderer, JsonRenderer, NdjsonRenderer
from cityweather.api.jobs import unchanged
from cityweather.api.pagination import Cursor, KeysetPagination
from cityweather.api.result_serializers import ListedResult, Points, Rejected, Result, Summary
from cityweather.api.serializers import Town, sources
from cityweather.errors import AmbiguousCity
from cityweather.models import BulkJob, JobResult, RejectedRow, Status
from cityweather.places import gazetteer
from cityweather.places.matching import Asked
from cityweather.weather import factory
from cityweather.weather.cache import Cache
from cityweather.weather.providers.base import Hit

POINT = (
    "position", "refreshed_at", Coalesce("latitude", "city__latitude"), Coalesce("longitude", "city__longitude"),
    "temperature", "asked",
)  # fmt: skip
POINTS_PAGE = 2_000
POINTS_MAX = 20_000  # of one job: what a canvas draws at once and an eye can tell apart


class ByPosition(KeysetPagination):
    cursor = Cursor("r", (int,))
    order = ("position",)


class ById(KeysetPagination):
    cursor = Cursor("x", (int,))
    order = ("id",)


class ResultsView(JobRowsView):
    pagination_class = ByPosition
    serializer_class = Result

    @schema.document(
        "job_results",
        "The rows of a job in the order of the upload: a page of JSON, or all of them in another format",
        {(200, schema.JSON): ListedResult, **schema.FILES, (200, "application/geo+json"): dict},
        errors=(404,),
        parameters=[schema.JOB_ID, queries.ResultsQuery, schema.NEXT_LINK, schema.FORMAT, schema.FILE_NAME],
    )
    def get(self, request: Request, job_id: str) -> HttpResponseBase:
        self.query = queries.ResultsQuery.of(request)
        self.job = snapshots.stored(job_id)
        return self.answer(request, f"{self.job.job_id}-{self.query.get('status', 'results')}")

    def get_queryset(self) -> Any:
        """Failed, pending and ambiguous rows have an index of their own."""
        rows = JobResult.objects.filter(job=self.job)
        if status := self.query.get("status"):
            rows = rows.filter(status=status)
        if "ambiguous" in self.query:
            rows = rows.filter(ambiguous__gt=0)
        if search := self.query["search"]:
            rows = rows.filter(Q(city__key__contains=search) | Q(asked__icontains=search))
        return rows.values(*sources(Result()))

    def list(self, request: Request) -> Response:
        response = super().list(request)
        add_candidates(self.job, response.data["results"])
        return response


def add_candidates(job: BulkJob, rows: list[dict[str, Any]]) -> None:
    """To the rows that failed as ambiguous the places that fit, likeliest first.

    All of them take one query or two. Names that only the geocoder knows take one more, and one trip to the cache.
    """
    failed = [row for row in rows if row["last_error"] == AmbiguousCity.code]
    matches = gazetteer.match_all([Asked(row["city"]) for row in failed])
    unknown = [row["position"] for row, match in zip(failed, matches, strict=True) if not match.place]
    geocoded = fits_of_geocoder(job, unknown) if unknown else {}
    for row, match in zip(failed, matches, strict=True):
        fits = [match.place, *match.others] if match.place else geocoded.get(row["position"], ())
        row["candidates"] = Town(fits, many=True).data


def fits_of_geocoder(job: BulkJob, positions: list[int]) -> dict[int, tuple[Hit, ...]]:
    """By position, as far as the cache remembers."""
    rows = JobResult.objects.filter(job=job, position__in=positions)
    keys = dict(rows.values_list("position", "city__key"))
    found = Cache(factory.provider().name, settings.CACHE_TTL).fits(list(keys.values()))
    return {position: found[key] for position, key in keys.items() if key in found}


class RejectedView(JobRowsView):
    pagination_class = ById
    serializer_class = Rejected
    renderer_classes = (JsonRenderer, CsvRenderer, NdjsonRenderer)

    @schema.document(
        "job_rejected",
        "The rows of the upload that name no city: a page of JSON, or all of them in another format",
        {(200, schema.JSON): Rejected, **schema.FILES},
        errors=(404,),
        parameters=[schema.JOB_ID, queries.RowsQuery, schema.NEXT_LINK, schema.NO_MAP_FORMAT, schema.FILE_NAME],
    )
    def get(self, request: Request, job_id: str) -> HttpResponseBase:
        self.query = queries.RowsQuery.of(request)
        self.job = snapshots.stored(job_id)
        return self.answer(request, f"{self.job.job_id}-rejected")

    def get_queryset(self) -> Any:
        return RejectedRow.objects.filter(job=self.job).values("id", *sources(Rejected()))


class SummaryView(KeyedView):
    @schema.document(
        "job_summary",
        "What was refreshed last, and why rows failed",
        {(200, schema.JSON): Summary, 304: OpenApiResponse(None, "Nothing has happened since that ETag")},
        errors=(404,),
        parameters=[schema.JOB_ID, schema.IF_NONE_MATCH, schema.ETAG, queries.SummaryQuery],
    )
    def get(self, request: Request, job_id: str) -> Response:
        query = queries.SummaryQuery.of(request)
        top = query["top"]
        job = snapshots.stored(job_id)
        tag = f'W/"{job.status}.{job.imported}.{job.processed}.{top}.{query["units"]}"'
        if unchanged(request, tag):
            return Response(status=304, headers={"ETag": tag})
        counted = {
            name: getattr(job, name)
            for name in ("job_id", "status", "total", "processed", "succeeded", "failed", "ambiguous", "unmatched")
        }
        rows = {"most_recent": most_recent(job, top) if top else [], "failures": failures(job)}
        return Response(Summary(counted | rows, context=query).data, headers={"ETag": tag})


def most_recent(job: BulkJob, top: int) -> Any:
    rows = JobResult.objects.filter(job=job, status=Status.SUCCESS).order_by("-refreshed_at", "position")
    return rows.values(*sources(Result()))[:top]


def failures(job: BulkJob) -> Any:
    """Counts by reason, most frequent first."""
    rows = JobResult.objects.filter(job=job, status=Status.FAILED).values("error")
    return rows.annotate(count=Count("*")).order_by("-count", "error")


class PointsView(KeyedView):
    @schema.document(
        "job_points",
        "The settled rows of a job for a map and a plot, compact; of a large job every step-th",
        {(200, schema.JSON): Points},
        errors=(404,),
        parameters=[schema.JOB_ID, queries.PointsQuery],
    )
    def get(self, request: Request, job_id: str) -> Response:
        start = queries.PointsQuery.of(request)["from"]
        job = snapshots.stored(job_id)
        step = -(-job.total // POINTS_MAX) or 1
        # Read before the rows: a row that is settled in between then comes twice and is not left out.
        unsettled = first_pending(job, start)
        rows = settled(job, start, step)
        following = rows[-1][0] + 1 if len(rows) == POINTS_PAGE else None
        found = {"step": step, "next": following, "unsettled": unsettled, "created_at": job.created_at, "rows": rows}
        return Response(Points(found).data)


def settled(job: BulkJob, start: int, step: int) -> list[tuple[Any, ...]]:
    """POINT of the next rows that succeeded or failed, from a position on."""
    rows = JobResult.objects.filter(job=job, position__gte=start).exclude(status=Status.PENDING)
    if step > 1:
        rows = rows.alias(offset=F("position") % step).filter(offset=0)
    return list(rows.order_by("position").values_list(*POINT)[:POINTS_PAGE])


def first_pending(job: BulkJob, start: int) -> int | None:
    rows = JobResult.objects.filter(job=job, status=Status.PENDING, position__gte=start)
    return rows.order_by("position").values_list("position", flat=True).first()
