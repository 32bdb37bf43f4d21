"""The OpenAPI schema: what each view adds to it, and the views that serve it at /schema and /docs."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from http import HTTPStatus
from threading import Lock
from typing import Any, TypeVar, cast

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiCallback, OpenApiParameter, OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request

from cityweather.api import queries
from cityweather.api.base import ApiView
from cityweather.api.formats import JsonRenderer
from cityweather.api.job_serializers import JobEnded
from cityweather.api.serializers import Error

View = TypeVar("View", bound=Callable[..., Any])

JSON = "application/json"
ALWAYS = (400, 406, 429, 500, 503)
KEYED = (401, 403)

# That of our pages, except that Swagger UI writes styles.
DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

WHY = {
    400: "Not understood; `code` names the reason: invalid_parameter, invalid_cursor, bad_host, …",
    401: "No API key",
    403: "A wrong API key",
    406: "None of the formats accepted is offered",
    408: "The body came too slowly",
    411: "A body without Content-Length",
    429: "Too many requests, or too many open jobs; Retry-After: seconds to wait",
    500: "A defect of ours; quote the X-Request-ID",
    503: "A part we need does not answer; Retry-After: seconds to wait",
}

SCHEDULE_ID = OpenApiParameter("schedule_id", OpenApiTypes.UUID, OpenApiParameter.PATH)
JOB_ID = OpenApiParameter("job_id", OpenApiTypes.UUID, OpenApiParameter.PATH)
TAGS = ("weather", "history", "cities", "places")  # names of views; the others are of jobs
FORMAT = OpenApiParameter("format", enum=["json", "csv", "ndjson", "geojson"], description="Overrides Accept")
NO_MAP_FORMAT = OpenApiParameter("format", enum=["json", "csv", "ndjson"], description="Overrides Accept")
FILES: dict[Any, Any] = {(200, "text/csv"): str, (200, "application/x-ndjson"): str}
REQUEST_ID = OpenApiParameter(
    "X-Request-ID", str, OpenApiParameter.HEADER, description="Comes back, and follows the work into the logs"
)


def sent(name: str, text: str, *statuses: int, kind: Any = str) -> OpenApiParameter:
    """A header of the answer."""
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, description=text, response=list(statuses))


IF_NONE_MATCH = OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="The last ETag")
ETAG = sent("ETag", "Of the counters and the status", 200, 304)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255},
    OpenApiParameter.HEADER,
    description="The same request again answers the same job",
)
REPLAYED = sent("Idempotency-Replayed", "true when the job was there already", 202)
NEXT_LINK = sent("Link", 'The next page as rel="next"', 200)
FILE_NAME = sent("Content-Disposition", "Except with JSON: a name for the file", 200)
WAIT = "Seconds to wait"

WEBHOOK_HEADERS = {
    "webhook-id": "The same for every attempt",
    "webhook-timestamp": "Unix seconds of this attempt",
    "webhook-signature": "`v1,` and the base64 of HMAC-SHA256 over id.timestamp.body, for each secret",
}

JOB_ENDED = OpenApiCallback(
    "jobEnded",
    "{$request.query.callback_url}",
    extend_schema(
        operation_id="job_ended",
        summary="The job has ended",
        description="Sent again after 15 s, 45 s, 2, 7, 20 minutes and then every hour, for a day; 410 ends that.",
        request=JobEnded,
        responses={200: OpenApiResponse(None, "Any 2xx: not sent again")},
        auth=cast("Any", [{}]),
    ),
)


def document(
    name: str,
    summary: str,
    answers: dict[Any, Any],
    *,
    errors: Iterable[int] = (),
    parameters: Iterable[OpenApiParameter | type[queries.Query]] = (),
    keyed: bool = True,
    request: Any = None,
    callbacks: list[OpenApiCallback] | None = None,
) -> Callable[[View], View]:
    """`answers`: shapes by status, or by (status, media type)."""
    statuses = sorted({*ALWAYS, *errors, *(KEYED if keyed else ())})
    failures = {
        (status, JSON): OpenApiResponse(Error, WHY.get(status, HTTPStatus(status).phrase)) for status in statuses
    }
    return extend_schema(
        operation_id=name,
        summary=summary,
        description=f"{summary}.",  # else a docstring written for programmers would stand there
        tags=[name if name in TAGS else "jobs"],
        parameters=[*parameters, *_headers(answers, statuses)],
        request=request,
        callbacks=callbacks,
        responses={**failures, **answers},
        auth=cast("Any", [{"ApiKey": []}] if keyed else [{}]),
    )


def _headers(answers: dict[Any, Any], failures: list[int]) -> Iterator[OpenApiParameter]:
    """Those that every request may have and every answer has. `failures`: status codes."""
    yield REQUEST_ID
    yield sent("X-Request-ID", "Yours, or a new one", *_codes(answers), *failures)
    yield sent("Retry-After", WAIT, *(status for status in failures if status in (429, 503)), kind=int)
    if 401 in failures:
        yield sent("WWW-Authenticate", "Names the header to send", 401)


def _codes(answers: dict[Any, Any]) -> set[int]:
    return {key[0] if isinstance(key, tuple) else key for key in answers}


def without_slashes(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Each path once; the one with a trailing slash answers the same."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/") or endpoint[0] == "/"]


def with_probes(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The paths that machines ask, which are plain Django views."""
    health = {"application/json": {"schema": {"type": "object", "required": ["status", "parts"]}}}
    unwell = {"description": "Not well; `parts` shows which", "content": health}
    for path, summary in (("/healthz", "Every part and how it is"), ("/readyz", "Whether it can serve")):
        well = {"description": "Well", "content": health}
        result["paths"][path] = _probe(path, summary, {"200": well, "503": unwell})
    text = {"description": "Prometheus' text format", "content": {"text/plain": {"schema": {"type": "string"}}}}
    result["paths"]["/metrics"] = _probe("/metrics", "For Prometheus", {"200": text})
    return result


def with_webhook_headers(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular leaves a callback's parameters out."""
    headers = [
        {"name": name, "in": "header", "required": True, "schema": {"type": "string"}, "description": text}
        for name, text in WEBHOOK_HEADERS.items()
    ]
    for operations in result["paths"]["/bulk/import"]["post"]["callbacks"][JOB_ENDED.name].values():
        operations["post"]["parameters"] = headers
    return result


def _probe(path: str, summary: str, responses: dict[str, Any]) -> dict[str, Any]:
    words = {"operationId": path.strip("/"), "summary": summary, "tags": ["operations"]}
    return {"get": {**words, "security": [{}], "responses": responses}}


_built = Lock()


class SchemaView(ApiView):
    """JSON unless YAML is asked for."""

    renderer_classes: Any = (JsonRenderer, OpenApiJsonRenderer, OpenApiYamlRenderer)

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        renderer = request.accepted_renderer
        with _built:  # drf-spectacular's loading of extensions is not thread-safe
            content = rendered(renderer.format)
        return HttpResponse(content, content_type=renderer.media_type)


@lru_cache
def rendered(format_name: str) -> Any:
    """The schema changes with the code only, so each process renders each format once."""
    renderer = next(known for known in SchemaView.renderer_classes if known.format == format_name)
    generator = cast("Any", SchemaGenerator)()
    return renderer().render(generator.get_schema(request=None, public=True), renderer_context={})


class DocsView(ApiView, SpectacularSwaggerSplitView):
    """Swagger UI from our own static files; its script apart, for the Content-Security-Policy."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers["Content-Security-Policy"] = DOCS_POLICY
        return response
