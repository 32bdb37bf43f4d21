"""A database that answers reads only: whoever was refused leaves the reason in Redis, /healthz and the doctor tell it.

Asking it to write would not do: what fits into a page that is there needs no room.
"""

from typing import cast

from redis.exceptions import RedisError

from cityweather.runtime import connections, redis_keys

KEPT = 15  # seconds; a flush that was refused is tried again each second

FULL, READ_ONLY = "its disk is full", "it is read-only"
# SQLite's shared memory is a file beside the database: a first connection makes it.
REASONS = {"53100": FULL, "SQLITE_FULL": FULL, "SQLITE_IOERR_SHMSIZE": FULL, "25006": READ_ONLY}


def reason(error: BaseException) -> str | None:
    """For everybody: without the driver's words, which may hold an address."""
    cause = error.__cause__
    code = str(getattr(cause, "pgcode", None) or getattr(cause, "sqlite_errorname", ""))
    return READ_ONLY if code.startswith("SQLITE_READONLY") else REASONS.get(code)


def note(error: BaseException) -> None:
    why = reason(error)
    if why is None:
        return
    try:
        connections.redis_client().set(redis_keys.NO_WRITES, why, ex=KEPT)
    except RedisError:
        return


def noted() -> str | None:
    """None as well when Redis cannot tell."""
    try:
        why = cast("bytes | None", connections.redis_client().get(redis_keys.NO_WRITES))
    except RedisError:
        return None
    return why.decode() if why else None
