"""The project's addresses and a view that does nothing: what Django itself costs on this server."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path

from cityweather import urls


def bare(_: HttpRequest) -> HttpResponse:
    return HttpResponse(b'{"status": "ok"}', content_type="application/json")


urlpatterns: list[Any] = [path("bare", bare), *urls.urlpatterns]
