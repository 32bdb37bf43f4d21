"""The Redis keys that belong to no job (see tracker/keys.py) and to no provider (see weather/redis_keys.py)."""

METRICS = "cw:metrics"  # hash: field → sum
TICKS = "cw:ticks"  # of the broker; hash: tick → Unix seconds when it last ended
WORKERS = "cw:workers"  # of the broker; hash: name of a worker → JSON of its last sign of life
DATABASE_REFUSAL = "cw:database_refusal"  # string: why the database was refusing writes a moment ago
HEALTH = "cw:health"  # never exists: writing "" into it makes no key, but Redis checks that it may write


def waiting_tick(tick: str) -> str:
    """It is in the broker, while a tick that was sent waits for a bookkeeper."""
    return f"cw:waiting_tick:{tick}"


def throttle(scope: str, who: str, window: int) -> str:
    """Number: the requests of a key or an address in one of its windows."""
    return f"cw:throttle:{scope}:{who}:{window}"
