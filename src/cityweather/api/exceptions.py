"""Every error leaves as JSON {"detail", "code"}, wherever it was raised: by us, DRF, Django or the URL resolver.

A refused import that asks which column holds what has `columns`, too.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any

import structlog
from django.core.exceptions import BadRequest as DjangoBadRequest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions as drf
from rest_framework.views import set_rollback

from cityweather.errors import BodyCut, CityWeatherError, DatabaseUnavailable, NotFound, RequestTimeout, RequestTooLarge
from cityweather.ingest.errors import ImportRefused
from cityweather.runtime import outages

log = structlog.get_logger(__name__)

USUAL_WAIT = 5.0  # seconds after a 503 that knows no better
KEY_CHALLENGE = 'ApiKey realm="cityweather", header="X-API-Key"'


def failure(error: CityWeatherError) -> JsonResponse:
    headers = {}
    wait = USUAL_WAIT if error.retry_after is None and error.status == 503 else error.retry_after
    if wait is not None:
        headers["Retry-After"] = str(max(1, math.ceil(wait)))
    if error.status == 401:
        headers["WWW-Authenticate"] = KEY_CHALLENGE
    return body(error.status, error.code, error.detail, headers, **_question(error))


def _question(error: CityWeatherError) -> dict[str, Any]:
    """What a person needs to answer the question of a refusal."""
    names = ("asks", "columns", "first_lines") if isinstance(error, ImportRefused) else ()
    return {name: value for name in names if (value := getattr(error, name))}


def body(status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> JsonResponse:
    found = {"detail": detail, "code": code, **more}
    return JsonResponse(found, status=status, headers=dict(headers or {}), json_dumps_params={"ensure_ascii": False})


def handle(exc: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """DRF's exception handler. Returns None for an error that nobody expected, which becomes a 500."""
    if isinstance(exc, drf.UnsupportedMediaType):
        exc.detail = drf.ErrorDetail(f"{exc.detail} Send {context['view'].accepts}.")
    answer = known(exc)
    if answer is None:
        return None
    set_rollback()
    if answer.status_code == 405:
        answer["Allow"] = ", ".join(context["view"].allowed_methods)
    return answer


def answer(exc: Exception) -> HttpResponse:
    """The answer to any exception. One that nobody expected is logged and becomes a 500."""
    found = known(exc)
    if found is None:
        log.error("request_failed", exc_info=exc)
    return found or server_error()


def known(exc: Exception) -> JsonResponse | None:
    """The answer to an exception that is expected, ours or a framework's, else None."""
    if isinstance(exc, CityWeatherError):
        return failure(exc)
    if isinstance(exc, drf.APIException):
        return _drf(exc)
    if isinstance(exc, UnreadablePostError):
        return failure(RequestTimeout() if isinstance(exc.__cause__, TimeoutError) else BodyCut())
    if isinstance(exc, outages.DATABASE_ERRORS):
        log.warning("database_unavailable", exc_info=exc)
        outages.note_refusal(exc)
        return failure(DatabaseUnavailable())
    return next((make() for kinds, make in _FOREIGN if isinstance(exc, kinds)), None)


def _drf(exc: drf.APIException) -> JsonResponse:
    headers = {}
    wait = getattr(exc, "wait", None)
    if wait:
        headers["Retry-After"] = str(math.ceil(wait))
    code = "invalid_parameter" if isinstance(exc, drf.ValidationError) else exc.default_code
    return body(exc.status_code, code, " ".join(_sentences(exc.detail)), headers)


def _sentences(detail: Any, name: str = "") -> Iterator[str]:
    """A serializer's nested errors as sentences that name their field."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            yield from _sentences(value, "" if key == "non_field_errors" else str(key))
    elif isinstance(detail, list | tuple):
        for value in detail:
            yield from _sentences(value, name)
    else:
        yield f"{name}: {detail}" if name else str(detail)


def _not_understood() -> JsonResponse:
    return body(400, "bad_request", "The request is not understood.")


def _not_allowed() -> JsonResponse:
    return body(403, "permission_denied", "This is not allowed.")


# The first that fits counts: RequestDataTooBig is a SuspiciousOperation.
_FOREIGN: list[tuple[tuple[type[Exception], ...], Callable[[], JsonResponse]]] = [
    ((RequestDataTooBig,), lambda: body(413, RequestTooLarge.code, "The body of this request is too large.")),
    ((Http404,), lambda: failure(NotFound())),
    ((PermissionDenied,), _not_allowed),
    ((SuspiciousOperation, DjangoBadRequest, MultiPartParserError), _not_understood),
]


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    return body(403, "csrf_failed", "The form's token is missing or old. Load the page again.")


@csrf_exempt
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    return failure(NotFound())


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    return (exception and known(exception)) or _not_understood()


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    return _not_allowed()


def server_error(request: HttpRequest | None = None) -> HttpResponse:  # noqa: ARG001
    return body(500, "internal_error", "Something went wrong here. Quote the X-Request-ID when you report it.")


def only_get(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    @csrf_exempt
    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD"):
            return view(request)
        return body(405, "method_not_allowed", f'Method "{request.method}" not allowed.', {"Allow": "GET, HEAD"})

    return checked
