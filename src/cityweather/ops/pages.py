"""Sessions, logins and CSRF tokens, for the admin only: the API knows keys, and pays for nothing else."""

from typing import Any

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware

PREFIX = "/admin"


class _AdminOnly:
    get_response: Any

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        inside: Any = super()
        answer: HttpResponseBase
        answer = inside.__call__(request) if request.path_info.startswith(PREFIX) else self.get_response(request)
        return answer


class Sessions(_AdminOnly, SessionMiddleware):
    pass


class Csrf(_AdminOnly, CsrfViewMiddleware):
    """Its check of views holds everywhere: a page that takes a form must not be forgotten."""


class Authentication(_AdminOnly, AuthenticationMiddleware):
    pass


class Messages(_AdminOnly, MessageMiddleware):
    pass
