"""GET /bulk/jobs/{id} as pollers need it: plain Django, since DRF would double what a poll costs."""

import re
from operator import attrgetter, itemgetter
from typing import Any
from zlib import crc32

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags

from cityweather.api.auth import admit
from cityweather.api.exceptions import failure
from cityweather.api.progress import Snapshot, from_redis, known
from cityweather.errors import CityWeatherError
from cityweather.models import BulkJob
from cityweather.tracker.progress import Progress

PREFIX = "/bulk/jobs/"
PATH = re.compile(rf"{PREFIX}([0-9a-fA-F-]{{36}})/?")
TAGGED = ("status", "phase", "waiting_for", "max_rate", "succeeded", "failed", "total")
OF_LIVE, OF_ROW = attrgetter(*TAGGED), itemgetter(*TAGGED)
POLL_AGAIN = "1"  # seconds
POLL_WAITING = "5"  # a quota, an outage or a pause does not pass within a second


def poll(request: HttpRequest, job_id: str) -> HttpResponse:
    try:
        admit(request, "api", keyed=True)
        found = known(job_id)
    except CityWeatherError as error:
        return failure(error)
    told = facts(found)
    tag = etag(told)
    if matches(request.META.get("HTTP_IF_NONE_MATCH"), tag):
        response = HttpResponse(status=304)
        del response["Content-Type"]
    else:
        body = from_redis(job_id.lower(), found) if isinstance(found, Progress) else found
        response = HttpResponse(orjson.dumps(body), content_type="application/json")
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    status, phase, waiting_for, *_ = told
    if status not in BulkJob.ENDED:
        response["Retry-After"] = POLL_WAITING if waiting_for or phase == "paused" else POLL_AGAIN
    return response


def facts(found: Progress | Snapshot) -> tuple[Any, ...]:
    """What an ETag covers: rate, ETA and as_of move on while nothing has happened."""
    if isinstance(found, Progress):
        return (*OF_LIVE(found), 0)
    return (*OF_ROW(found), crc32("".join(found["retries"]).encode()))  # not how many: one may take another's place


def etag(told: tuple[Any, ...]) -> str:
    """Weak: see `facts`."""
    return 'W/"' + ".".join(map(str, told)) + '"'


def matches(header: str | None, tag: str) -> bool:
    if not header or header == tag:  # what pollers send: parsing it costs more than a 304 saves
        return bool(header)
    # Not Django's get_conditional_response: it answers If-Match, too, and not in JSON.
    bare = (given.removeprefix("W/") for given in parse_etags(header))
    return header.strip() == "*" or tag.removeprefix("W/") in bare
