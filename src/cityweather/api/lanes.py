"""Middleware that answers the two busiest paths ahead of the URL resolver and of what only pages need."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from cityweather.api import polling, weather
from cityweather.api.exceptions import answer

ROUTE = "cityweather.route"  # in the WSGI environment: for the metrics, as no resolver has been asked
ANY = frozenset({None, "*/*", "application/json"})  # Accept headers about which there is nothing to negotiate


class Lanes:
    """DRF would double what a poll costs, and more than double a look-up in the cache."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if path.startswith(polling.PREFIX) and request.method in ("GET", "HEAD"):
            match = polling.PATH.fullmatch(path)
            if match:
                return _take(request, "bulk/jobs/{id}", lambda: polling.poll(request, match[1]))
        elif path in ("/weather", "/weather/") and _plain(request):
            return _take(request, "weather", lambda: weather.look_up(request))
        return self._get_response(request)


def _take(request: HttpRequest, route: str, view: Callable[[], HttpResponse]) -> HttpResponse:
    request.META[ROUTE] = route
    try:
        return view()
    except Exception as error:  # noqa: BLE001  # what is raised in a middleware shows its settings under DEBUG
        return answer(error)


def _plain(request: HttpRequest) -> bool:
    """A GET that DRF has nothing to say about: neither a body nor a format asked for."""
    meta = request.META
    return (
        request.method == "GET"
        and meta.get("HTTP_ACCEPT") in ANY
        and meta.get("CONTENT_LENGTH") in (None, "", "0")
        and "HTTP_TRANSFER_ENCODING" not in meta
        and "format=" not in meta.get("QUERY_STRING", "")
    )
