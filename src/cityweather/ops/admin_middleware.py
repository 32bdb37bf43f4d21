"""Sessions, logins and CSRF tokens for the admin only. The API has keys instead, so its requests skip all this."""

import socket
from threading import Timer
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware

from cityweather.api import throttling
from cityweather.api.base import check_body
from cityweather.api.exceptions import failure
from cityweather.errors import CityWeatherError, RequestTimeout

PREFIX = "/admin"
FORM_SIZE = 10_000  # bytes
FORM_SECONDS = 5.0


class _AdminOnly:
    get_response: Any

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        inside: Any = super()
        answer: HttpResponseBase
        answer = inside.__call__(request) if request.path_info.startswith(PREFIX) else self.get_response(request)
        return answer


class Sessions(_AdminOnly, SessionMiddleware):
    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:  # type: ignore[override]
        super().process_request(request)
        try:
            check_body(request, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
            if request.META.get("CONTENT_LENGTH") not in (None, "", "0") and SESSION_KEY not in request.session:
                read_form_of_stranger(request)
        except CityWeatherError as error:
            return failure(error)
        return None


def read_form_of_stranger(request: HttpRequest) -> None:
    """Read the form of somebody who has not logged in: the CSRF check would read it without any limit.

    Raises TooManyRequests, RequestTooLarge, RequestTimeout.
    """
    throttling.check("login", throttling.by_address(request))
    check_body(request, FORM_SIZE)
    connection: socket.socket | None = request.META.get("gunicorn.socket")
    if connection is None:
        return
    # A timeout of the socket would bound each byte, not all of them. This ends the body where it has got to.
    timer = Timer(FORM_SECONDS, connection.shutdown, [socket.SHUT_RD])
    timer.start()
    try:
        complete = len(request.body) == int(request.META["CONTENT_LENGTH"])
    finally:
        timer.cancel()
    if not complete:
        raise RequestTimeout


class Csrf(_AdminOnly, CsrfViewMiddleware):
    """Its check of views holds everywhere: a page that takes a form must not be forgotten."""


class Authentication(_AdminOnly, AuthenticationMiddleware):
    pass


class Messages(_AdminOnly, MessageMiddleware):
    pass
