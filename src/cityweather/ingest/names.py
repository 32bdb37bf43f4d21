"""The checks of an uploaded name: a name and its key, or the reason code for refusing the row."""

from cityweather.places.names import MAX_LENGTH, display, key

# OpenWeather knows states of this country only; elsewhere a state makes it miss the city.
WITH_STATES = {"us", "usa", "united states", "united states of america"}


def check(raw: str) -> tuple[str, str, str | None]:
    """(name, key, reason code); the code is None for a usable name."""
    name = display(raw)
    if len(name) > MAX_LENGTH:
        return name, "", "name_too_long"
    folded = key(name)
    return name, folded, None if folded else "no_name"


def join(city: str, state: str, country: str) -> str:
    """`city[,state][,country]`, as OpenWeather wants it; a name alone has no country to be found in."""
    city, state, country = city.strip(), state.strip(), country.strip()
    if not city:
        return ""
    if country and country.casefold() not in WITH_STATES:
        state = ""
    return ",".join(part for part in (city, state, country) if part)
