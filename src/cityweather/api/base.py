"""What every view shares: admission, a bounded body, and formats asked for by ?format= or Accept."""

from collections.abc import Iterable
from typing import Any, ClassVar, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cityweather.api.auth import admit
from cityweather.errors import InvalidParameter, LengthRequired, RequestTooLarge


class Negotiation(DefaultContentNegotiation):
    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Without the parameters of the Accept header, which renderers would parse once more."""
        try:
            renderer, _ = super().select_renderer(request, renderers, format_suffix)
        except TypeError:  # Django's, on a header such as "a*=x; a*0=y"
            raise NotAcceptable from None
        return renderer, renderer.media_type

    def filter_renderers(self, renderers: Iterable[BaseRenderer], format: str) -> list[BaseRenderer]:  # noqa: A002
        known = {renderer.format: renderer for renderer in renderers}
        if format not in known:
            raise InvalidParameter(name="format", expected=" or ".join(known))
        return [known[format]]


class ApiView(APIView):
    """`keyed`: the methods that need an API key."""

    content_negotiation_class = Negotiation
    keyed: ClassVar[frozenset[str]] = frozenset()
    throttle: ClassVar[str] = "api"
    max_body: ClassVar[int | None] = settings.DATA_UPLOAD_MAX_MEMORY_SIZE  # bytes
    owner: str = ""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        http = request._request  # noqa: SLF001
        self.owner = admit(http, self.throttle, keyed=request.method in self.keyed)
        check_body(http, self.max_body)
        super().initial(request, *args, **kwargs)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002
        """Which methods there are: the Allow header says so."""
        return cast("Response", HttpResponse(status=204))  # no body, so no renderer: CSV has none for it


class KeyedView(ApiView):
    keyed = frozenset({"GET", "HEAD", "POST", "PATCH", "DELETE"})


def check_body(request: HttpRequest, limit: int | None) -> None:
    """Refuse a body by its announced length, before any of it is read: DRF's parsers read it whole."""
    if request.META.get("HTTP_TRANSFER_ENCODING") and not request.META.get("CONTENT_LENGTH"):
        raise LengthRequired
    length = request.META.get("CONTENT_LENGTH") or "0"
    if limit is not None and length.isdecimal() and int(length) > limit:
        raise RequestTooLarge(limit=limit)
