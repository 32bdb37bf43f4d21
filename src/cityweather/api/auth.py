"""Who may call: API keys from CITYWEATHER_API_KEY, compared in constant time."""

import hashlib
import hmac
from functools import lru_cache

import structlog
from django.conf import settings
from django.http import HttpRequest

from cityweather.api import throttling
from cityweather.errors import NoApiKey, WrongApiKey
from cityweather.runtime import api_keys


def admit(request: HttpRequest, scope: str, *, keyed: bool) -> str:
    """The name of the caller's key, "" on a public path. Raises NoApiKey, WrongApiKey, TooManyRequests."""
    if not keyed:
        throttling.check(scope, f"address:{throttling.address(request)}")
        return ""
    owner = _named_caller(request, scope)
    structlog.contextvars.bind_contextvars(owner=owner)
    throttling.check(scope, f"key:{owner}")
    return owner


def _named_caller(request: HttpRequest, scope: str) -> str:
    """Wrong keys count by address. Who sent too many waits with a right one, too: else its 200 would end the guess."""
    address = throttling.address(request)
    throttling.refuse_again(scope, f"guesses:{address}")
    try:
        return owner_of(request.META.get("HTTP_X_API_KEY"))
    except NoApiKey:
        throttling.check(scope, f"address:{address}")
        raise
    except WrongApiKey:
        throttling.check(scope, f"guesses:{address}")
        raise


def owner_of(given: str | None) -> str:
    """The name of the key given. Raises NoApiKey, WrongApiKey."""
    if not given:
        raise NoApiKey
    digest = _digest(given)
    owner = None
    # No early exit: the time taken must not tell which key came near.
    for name, known in keys(settings.CITYWEATHER_API_KEY):
        if hmac.compare_digest(known, digest):
            owner = name
    if owner is None:
        none_set = not keys(settings.CITYWEATHER_API_KEY)
        raise WrongApiKey(hint="Operators: no key is set, see CITYWEATHER_API_KEY." if none_set else "")
    return owner


@lru_cache(maxsize=8)
def keys(setting: str) -> tuple[tuple[str, bytes], ...]:
    """(name, digest) of each key in "name:key,key,…". Several keys may share a name while they are rotated."""
    return tuple(_named(name, key) for name, key in api_keys.parse(setting))


def _named(name: str, key: str) -> tuple[str, bytes]:
    digest = _digest(key)
    # Stable under reordering, and it says nothing about the key.
    return (name or f"key-{digest.hex()[:8]}")[:64], digest


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
