"""Servers that are unreachable or refuse writes: which errors show it, and how logs and /healthz report it.

Such an outage ends without anybody's help, and work then goes on. It costs one log line every half minute, not a
traceback a second.
"""

import logging
import time
from typing import cast

from django.db import InterfaceError, InternalError, OperationalError, connection
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import ClusterDownError, ExecAbortError, OutOfMemoryError, ReadOnlyError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from cityweather.runtime import connections, redis_keys

log = logging.getLogger(__name__)

# ExecAbortError: the server began to refuse writes between the commands of a transaction and its EXEC.
REDIS_REFUSALS = (OutOfMemoryError, ReadOnlyError, ClusterDownError, ExecAbortError)
REDIS_ERRORS = (RedisConnectionError, RedisTimeoutError, *REDIS_REFUSALS, BrokerError)
DATABASE_ERRORS = (OperationalError, InterfaceError, InternalError)
OUTAGE_ERRORS = (*REDIS_ERRORS, *DATABASE_ERRORS)

LOG_EVERY = 30.0  # seconds
_logged_at: dict[str, float] = {}  # server → monotonic seconds

KEPT = 15  # seconds; a flush that was refused is tried again each second
FULL, READ_ONLY = "its disk is full", "it is read-only"
CANCELS = "it cancels statements that take long (statement_timeout)"
# By PostgreSQL's and SQLite's codes. SQLite's shared memory is a file, which a first connection creates.
REASONS = {"53100": FULL, "SQLITE_FULL": FULL, "SQLITE_IOERR_SHMSIZE": FULL, "25006": READ_ONLY, "57014": CANCELS}


def server_of(error: BaseException) -> str | None:
    """ "redis" or "database" if this error is an outage of that server, else None."""
    if isinstance(error, REDIS_ERRORS):
        return "redis"
    return "database" if isinstance(error, DATABASE_ERRORS) else None


def log_outage(error: BaseException, *, next_step: str) -> None:
    """Log one line about an outage, at most every LOG_EVERY for each server. Other errors are ignored."""
    server = server_of(error)
    now = time.monotonic()
    if server is None or now - _logged_at.get(server, float("-inf")) < LOG_EVERY:
        return
    _logged_at[server] = now
    words = str(error).partition("\n")[0]
    reason = f"{type(error).__name__}: {words}"
    log.warning("server_unreachable", extra={"server": server, "reason": reason, "next": next_step})


def refusal_reason(error: BaseException) -> str | None:
    """Why the database refused a write, or None for another error. Leaves out the driver's words, which may hold an
    address.
    """
    cause = error.__cause__
    code = str(getattr(cause, "pgcode", None) or getattr(cause, "sqlite_errorname", ""))
    return READ_ONLY if code.startswith("SQLITE_READONLY") else REASONS.get(code)


def note_refusal(error: BaseException) -> None:
    """Keep the reason in Redis for /healthz, whose own small write might still succeed.

    A connection that takes no writes is closed. It would go on refusing them after the server takes them again.
    """
    reason = refusal_reason(error)
    if reason is None:
        return
    if reason == READ_ONLY:
        connection.close()
    try:
        connections.redis_client().set(redis_keys.DATABASE_REFUSAL, reason, ex=KEPT)
    except RedisError:
        return


def noted_refusal() -> str | None:
    """The reason noted within the last KEPT seconds. None also if Redis is unreachable."""
    try:
        reason = cast("bytes | None", connections.redis_client().get(redis_keys.DATABASE_REFUSAL))
    except RedisError:
        return None
    return reason.decode() if reason else None
