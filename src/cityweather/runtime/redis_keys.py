"""Every Redis key of the service itself: of no job, which are the tracker's, and of no provider."""

METRICS = "cw:metrics"  # hash: field → sum
TICKS = "cw:ticks"  # hash: tick → Unix seconds when it last ended
DATABASE_REFUSAL = "cw:database_refusal"  # string: why the database was refusing writes a moment ago
HEALTH = "cw:health"  # never there: setting nothing at its beginning makes none, yet needs leave to write


def throttle(scope: str, who: str, window: int) -> str:
    """Number: the requests of a key or an address in one of its windows."""
    return f"cw:throttle:{scope}:{who}:{window}"
