"""What every view shares: throttles, bounded bodies, and keys where they are demanded."""

from typing import Any, ClassVar, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.generics import GenericAPIView
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cityweather.api.auth import HasApiKey
from cityweather.api.throttling import FixedWindowThrottle
from cityweather.errors import LengthRequired, RequestTooLarge


class ApiView(APIView):
    """A view for everybody. `max_body` in bytes; `accepts`: what a 415 asks to send."""

    throttle_classes = (FixedWindowThrottle,)
    throttle_scope: ClassVar[str] = "api"
    max_body: ClassVar[int | None] = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    accepts: ClassVar[str] = "JSON with Content-Type: application/json"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        check_body(request, self.max_body)

    @property
    def owner(self) -> str:
        """The name of the caller's API key."""
        return str(self.request.auth or "")

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002
        """Answer with the Allow header only. DRF's answer would describe the serializers once more."""
        return cast("Response", HttpResponse(status=204))  # no body, so no renderer: CSV has none for it


class KeyedView(ApiView):
    permission_classes = (HasApiKey,)


class ListView(ListModelMixin, ApiView, GenericAPIView[Any]):
    """A list whose subclass names its queryset, serializer and pagination."""


def check_body(request: HttpRequest, limit: int | None) -> None:
    """Refuse a body by its announced length, before any of it is read: DRF's parsers read it whole."""
    if request.META.get("HTTP_TRANSFER_ENCODING") and not request.META.get("CONTENT_LENGTH"):
        raise LengthRequired
    length = request.META.get("CONTENT_LENGTH") or "0"
    if limit is not None and length.isdecimal() and int(length) > limit:
        raise RequestTooLarge(limit=limit)
