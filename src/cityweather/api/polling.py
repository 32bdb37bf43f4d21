"""GET /bulk/jobs/{id} as pollers need it: plain Django, since DRF would double what a poll costs."""

import re

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags

from cityweather.api.auth import admit
from cityweather.api.exceptions import failure
from cityweather.api.progress import Snapshot, snapshot
from cityweather.errors import CityWeatherError
from cityweather.models import BulkJob

PREFIX = "/bulk/jobs/"
PATH = re.compile(rf"{PREFIX}([0-9a-fA-F-]{{36}})/?")
POLL_AGAIN = "1"  # seconds
POLL_WAITING = "5"  # a quota, an outage or a pause does not pass within a second


def poll(request: HttpRequest, job_id: str) -> HttpResponse:
    try:
        admit(request, "api", keyed=True)
        found = snapshot(job_id)
    except CityWeatherError as error:
        return failure(error)
    tag = etag(found)
    if matches(request.META.get("HTTP_IF_NONE_MATCH"), tag):
        response = HttpResponse(status=304)
        del response["Content-Type"]
    else:
        response = HttpResponse(orjson.dumps(found), content_type="application/json")
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    if found["status"] not in BulkJob.ENDED:
        response["Retry-After"] = POLL_WAITING if found["waiting_for"] or found["phase"] == "paused" else POLL_AGAIN
    return response


def etag(found: Snapshot) -> str:
    """Weak: rate, ETA and as_of move on while nothing has happened."""
    names = ("status", "phase", "waiting_for", "max_rate", "succeeded", "failed", "total")
    return 'W/"' + ".".join([*(str(found[name]) for name in names), str(len(found["retries"]))]) + '"'


def matches(header: str | None, tag: str) -> bool:
    if not header:
        return False
    # Not Django's get_conditional_response: it answers If-Match, too, and not in JSON.
    bare = (given.removeprefix("W/") for given in parse_etags(header))
    return header == tag or header.strip() == "*" or tag.removeprefix("W/") in bare
