"""The web process, asked as its clients ask it, and what it has to tell to others."""

import requests
from django.conf import settings

from cityweather.models import BulkJob
from cityweather.ops.doctor.finding import Finding, fail, ok, skip, warn

SECONDS = 5.0
STARTS = "gunicorn -c python:cityweather.ops.gunicorn cityweather.wsgi:application"


def answers(server: str | None) -> Finding:
    if not server:
        return skip("web", "--server URL says where it should answer")
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy does not know our loopback
            answer = session.get(f"{server.rstrip('/')}/readyz", timeout=SECONDS, allow_redirects=False)
    except (requests.RequestException, ValueError) as error:
        return fail("web", f"{server} does not answer: {type(error).__name__}", f"Start it: {STARTS}")
    if answer.status_code == 200:
        return ok("web", f"{server} is ready to serve")
    todo = "See its log." if answer.status_code == 503 else "Is this CityWeather+'s address, and one of ALLOWED_HOSTS?"
    return fail("web", f"{server}/readyz answers {answer.status_code}", todo)


def callbacks() -> Finding:
    """That they can be signed, the settings' check says."""
    if not settings.CALLBACK_HOSTS:
        return skip("callbacks", "off, as CALLBACK_HOSTS is empty")
    ended = BulkJob.objects.visible().filter(
        phase=BulkJob.Phase.ENDED, callback_url__isnull=False, notified_at__isnull=True
    )
    refused = ended.filter(callback_attempts__gt=0, callback_due_at__isnull=False).count()
    hosts = ", ".join(settings.CALLBACK_HOSTS)
    if refused:
        return warn("callbacks", f"{refused} refused so far by {hosts}", "See callback_failed in a bookkeeper's log.")
    return ok("callbacks", f"to {hosts}: none was refused and waits for another attempt")
