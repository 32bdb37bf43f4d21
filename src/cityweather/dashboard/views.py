"""The page at `/`. Its frame and what is public are rendered here; its JavaScript fetches the rest from the API."""

import structlog
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cityweather.api.exceptions import only_get
from cityweather.models import SearchHistory

log = structlog.get_logger(__name__)

RECENT = 8  # look-ups shown
# Nothing inline, nothing from another host, and no text is parsed as HTML (trusted types).
POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)


@only_get
def index(request: HttpRequest) -> HttpResponse:
    limit = settings.IMPORT_MAX_BYTES
    context = {
        "max_bytes": limit,
        "limit": f"{limit / 1e6:,.0f} MB" if limit >= 1e6 else f"{limit:,} bytes",
        "simulated": settings.OPENWEATHER_API_KEY == settings.SIMULATOR_KEY,
        "recent": recent(),
    }
    response = render(request, "dashboard/index.html", context)
    response["Content-Security-Policy"] = POLICY
    return response


def recent() -> list[str]:
    """The cities looked up last, each once; an empty list without a database, so that the page opens."""
    try:
        names = SearchHistory.objects.order_by("-timestamp", "-id").values_list("city_name", flat=True)[: 4 * RECENT]
        unique: dict[str, str] = {}
        for name in names:
            unique.setdefault(name.casefold(), name)
        return list(unique.values())[:RECENT]
    except DatabaseError:
        log.warning("history_not_read", exc_info=True)
        return []
