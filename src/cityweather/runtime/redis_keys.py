"""Every Redis key of the service itself: of no job, which are the tracker's, and of no provider."""

METRICS = "cw:metrics"  # hash: field → sum
TICKS = "cw:ticks"  # of the broker; hash: tick → Unix seconds when it last ended
WORKERS = "cw:workers"  # of the broker; hash: name of a worker → JSON of its last sign of life
DATABASE_REFUSAL = "cw:database_refusal"  # string: why the database was refusing writes a moment ago
HEALTH = "cw:health"  # never there: setting nothing at its beginning makes none, yet needs leave to write


def waiting_tick(tick: str) -> str:
    """Of the broker. Exists while a tick that was sent waits for a bookkeeper."""
    return f"cw:waiting_tick:{tick}"


def throttle(scope: str, who: str, window: int) -> str:
    """Number: the requests of a key or an address in one of its windows."""
    return f"cw:throttle:{scope}:{who}:{window}"
