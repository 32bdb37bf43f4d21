"""The page at `/`: its bones and what is public are rendered here; its modules fetch the rest from the API."""

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cityweather.api.exceptions import only_get
from cityweather.models import SearchHistory

log = structlog.get_logger(__name__)

RECENT = 8  # look-ups shown
# Nothing inline, nothing from elsewhere, and no text is ever taken for HTML (trusted types).
POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)


@only_get
def index(request: HttpRequest) -> HttpResponse:
    limit = settings.IMPORT_MAX_BYTES
    words = f"{limit / 1e6:,.0f} MB" if limit >= 1e6 else f"{limit:,} bytes"
    response = render(request, "dashboard/index.html", {"max_bytes": limit, "limit": words, "recent": recent()})
    response["Content-Security-Policy"] = POLICY
    return response


def recent() -> list[str]:
    """The cities looked up last, each once. The page opens without a database, too."""
    try:
        names = SearchHistory.objects.order_by("-timestamp", "-id").values_list("city_name", flat=True)[: 4 * RECENT]
        return list(dict.fromkeys(names))[:RECENT]
    except DatabaseError:
        log.warning("history_not_read", exc_info=True)
        return []
