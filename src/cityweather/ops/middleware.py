"""Around every request: its id, security headers, one log line, and a JSON error whatever failed.

django-structlog's own middleware would log two lines with the query string, which may hold keys, and take any request
id from the client.
"""

import logging
import os
import random
import re
import time
from collections.abc import Callable

import orjson
import structlog
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from cityweather.api import exceptions
from cityweather.runtime import metrics

log = structlog.get_logger("cityweather.request")

# What a log line, a header and a Celery message can carry unchanged.
ID = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}")
PARAMETER = re.compile(r"<str:\w+>")  # of a route
REFUSED = re.compile(r";\s*q\s*=\s*0(\.0*)?\s*$", re.IGNORECASE)
METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})
_ids = random.Random()  # noqa: S311  # no secrets; one of its own, as anybody may seed the shared one
os.register_at_fork(after_in_child=_ids.seed)
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})  # asked every few seconds by machines

# An API's answer is never to be rendered. A page that needs other rules sets its own.
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class RequestMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        drop_refused_encodings(request)
        request_id = request_id_of(request)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response = refused(request) or self.get_response(request)
        response.headers["X-Request-ID"] = request_id
        protect(response)
        if not response.streaming and response.status_code not in (204, 304):
            response.headers.setdefault("Content-Length", str(len(response.content)))
        log_request(request, response, time.perf_counter() - began)
        if not response.streaming:  # what is streamed later still belongs to this request
            structlog.contextvars.clear_contextvars()
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG002
        """Whatever a view lets through; also under DEBUG, where Django would show its settings."""
        return exceptions.answer(exception)


def drop_refused_encodings(request: HttpRequest) -> None:
    """Django and whitenoise look for the word `gzip`, and would find it in `gzip;q=0`."""
    if given := request.META.get("HTTP_ACCEPT_ENCODING"):
        request.META["HTTP_ACCEPT_ENCODING"] = ",".join(part for part in given.split(",") if not REFUSED.search(part))


def request_id_of(request: HttpRequest) -> str:
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    return given if ID.fullmatch(given) else f"{_ids.getrandbits(128):032x}"


def refused(request: HttpRequest) -> HttpResponse | None:
    if request.content_type is None:
        return exceptions.body(400, "bad_request", "The Content-Type is not understood.")
    try:
        request.get_host()
    except DisallowedHost:
        return exceptions.body(400, "bad_host", "This host name is not served here. Operators: see ALLOWED_HOSTS.")
    return None


def protect(response: HttpResponseBase) -> None:
    """Set the security headers that the answer does not have yet."""
    page = response.headers.get("Content-Type", "").startswith("text/html")
    response.headers.setdefault("Content-Security-Policy", PAGE_POLICY if page else DATA_POLICY)
    if page:
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
    # An ETag is of use only to a client that may keep the answer and ask whether it still holds.
    response.headers.setdefault("Cache-Control", "private, no-cache" if "ETag" in response.headers else "no-store")


def route_of(request: HttpRequest) -> str:
    route = request.resolver_match.route if request.resolver_match else ""
    if route.startswith("admin/"):  # its routes are many, and some are expressions that hold a metric's separator
        return "admin"
    return PARAMETER.sub("{id}", route.rstrip("/")) or "other"


def log_request(request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
    """The path only: a query string may hold what someone searched for, or a key in the wrong place."""
    route = route_of(request)
    method = request.method if request.method in METHODS else "other"
    metrics.add("http_requests", route=route, method=method, status=str(response.status_code))
    metrics.observe("http_request_seconds", seconds, route=route)
    quiet = request.path_info in QUIET
    level = logging.DEBUG if quiet else logging.WARNING if response.status_code >= 500 else logging.INFO
    fields = {"code": code} if (code := error_code(response)) else {}
    log.log(
        level,
        "request",
        method=request.method,
        path=request.path_info,
        status=response.status_code,
        latency_ms=round(seconds * 1000, 2),
        **fields,
    )


def error_code(response: HttpResponseBase) -> str | None:
    """The `code` in the body of an error."""
    body = getattr(response, "content", b"") if response.status_code >= 400 else b""
    if not body or response.headers.get("Content-Type") != "application/json":
        return None
    found = orjson.loads(body)
    return found.get("code") if isinstance(found, dict) else None
