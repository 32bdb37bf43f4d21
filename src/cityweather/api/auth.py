"""Who may call: API keys from CITYWEATHER_API_KEY, compared in constant time."""

import hashlib
import hmac
from functools import lru_cache
from typing import Any

import structlog
from django.conf import settings
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from cityweather.api import throttling
from cityweather.errors import NoApiKey, WrongApiKey
from cityweather.runtime import api_keys


class HasApiKey(BasePermission):
    """Demands a known X-API-Key and sets `request.auth` to its name.

    A permission and not an authentication class, because paths for everybody must ignore a wrong key.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.method == "OPTIONS":
            return True
        try:
            owner = owner_of(request.META.get("HTTP_X_API_KEY"))
        except (NoApiKey, WrongApiKey):
            # DRF asks throttles only after permissions, and nobody may try keys at any speed.
            throttling.check(view.throttle_scope, throttling.by_address(request))
            raise
        request.auth = owner
        structlog.contextvars.bind_contextvars(owner=owner)
        return True


class HasApiKeyToWrite(HasApiKey):
    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method in SAFE_METHODS or super().has_permission(request, view)


def owner_of(given: str | None) -> str:
    """The name of the key given. Raises NoApiKey, WrongApiKey."""
    if not given:
        raise NoApiKey
    digest = _digest(given)
    owner = None
    # No early exit: the time taken must not depend on which key came near.
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
    # A nameless key is named by its digest: that does not change with the order of the keys and does not reveal it.
    return (name or f"key-{digest.hex()[:8]}")[:64], digest


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
