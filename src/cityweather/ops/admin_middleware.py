"""Sessions, logins and CSRF tokens, for the admin only: the API knows keys, and pays for nothing else."""

from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware

from cityweather.api import throttling
from cityweather.api.base import check_body
from cityweather.api.exceptions import failure
from cityweather.errors import CityWeatherError

PREFIX = "/admin"
LOGIN = f"{PREFIX}/login"


class _AdminOnly:
    get_response: Any

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        inside: Any = super()
        answer: HttpResponseBase
        answer = inside.__call__(request) if request.path_info.startswith(PREFIX) else self.get_response(request)
        return answer


class Sessions(_AdminOnly, SessionMiddleware):
    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:  # type: ignore[override]
        try:
            # The CSRF check reads a form before anyone has logged in, and Django keeps its files, however large.
            check_body(request, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
            if request.method == "POST" and request.path_info.startswith(LOGIN):
                throttling.check("login", f"address:{throttling.address(request)}")
        except CityWeatherError as error:
            return failure(error)
        super().process_request(request)
        return None


class Csrf(_AdminOnly, CsrfViewMiddleware):
    """Its check of views holds everywhere: a page that takes a form must not be forgotten."""


class Authentication(_AdminOnly, AuthenticationMiddleware):
    pass


class Messages(_AdminOnly, MessageMiddleware):
    pass
