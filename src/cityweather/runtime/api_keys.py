"""CITYWEATHER_API_KEY: `name:key` or `key`, separated by commas. Read here by servers and logs."""

DEMO = "cityweather-demo-key"  # which `up` uses for simulated weather on loopback
SHORTEST = 8  # characters; of a shorter one the logs would mask ordinary words, and it is soon guessed


def parse(setting: str) -> list[tuple[str, str]]:
    """(name, key) of each, "" for no name. The first colon ends the name, so a named key may hold further ones."""
    parts = (part.strip().partition(":") for part in setting.split(","))
    named = ((name, key) if colon else ("", name) for name, colon, key in parts)
    return [(name.strip(), key.strip()) for name, key in named if key.strip()]
