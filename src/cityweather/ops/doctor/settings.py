"""Settings that can be read and are sound: the system checks, those for a deploy as warnings."""

import os
import re
from collections.abc import Iterator

import django
from django.core.checks import ERROR, WARNING, run_checks

from cityweather.ops.doctor.finding import Finding, fail, ok, warn

VARIABLE = re.compile(r"[A-Z][A-Z_]{2,}")
ELSEWHERE = {f"cityweather.W00{number}" for number in (3, 4, 5, 6, 7)}  # servers.py tells these
TODO = "env/.env.example lists every variable with its default."


def load() -> Finding | None:
    """None when they can be read. The error's own words may hold a password, so only names come out of it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")
    try:
        django.setup()
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what to tell
        names = sorted({name for name in VARIABLE.findall(str(error)) if name in os.environ})
        return fail("settings", f"cannot be read: {', '.join(names) or type(error).__name__}", TODO)
    return None


def sound(*, deploy: bool) -> Iterator[Finding]:
    found = [
        message
        for message in run_checks(include_deployment_checks=deploy)
        if message.level >= WARNING and not message.is_silenced() and message.id not in ELSEWHERE
    ]
    for message in found:
        say = fail if message.level >= ERROR else warn
        yield say("settings", f"{message.msg} ({message.id})", message.hint or "")
    if not any(message.level >= ERROR for message in found):
        yield ok("settings", "a service starts with them")
