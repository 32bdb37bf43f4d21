"""Every key of this stage. A provider's keys share a hash tag, so that its scripts may touch them together."""

_SHORT = {"openweather": "w", "open_meteo": "m"}


def quota(provider: str) -> str:
    """Hash: the minute's state, and what each longer quota window has used."""
    return f"cw:{{{provider}}}:quota"


def slots(provider: str) -> str:
    """Hash of process → requests it may have under way, and until when."""
    return f"cw:{{{provider}}}:slots"


def single_slots(provider: str) -> str:
    """The same for single requests for people."""
    return f"cw:{{{provider}}}:single_slots"


def breaker(provider: str) -> str:
    """Hash: why and until when nobody asks."""
    return f"cw:{{{provider}}}:breaker"


def failing(provider: str) -> str:
    """Set: the cities that failed for people since anybody's last success."""
    return f"cw:{{{provider}}}:failing"


def flight(provider: str, lookup_key: str) -> str:
    """String: who is asking for this city just now, or what came of it."""
    return f"cw:{{{provider}}}:flight:{lookup_key}"


def cached(provider: str, city_key: str) -> str:
    """Inside Django's cache, which adds its own prefix. There are millions of these, so every byte counts."""
    return f"{_SHORT.get(provider, provider)}:{city_key}"


def tries(job_id: str, position: int) -> str:
    """Inside Django's cache: how often a row failed while others succeeded."""
    return f"tries:{job_id}:{position}"
