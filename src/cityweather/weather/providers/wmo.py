"""WMO weather codes in the words that OpenWeather uses, so that both providers answer alike."""

_SKIES: dict[str, tuple[tuple[int, str], ...]] = {
    "Clear": ((0, "clear sky"),),
    "Clouds": ((1, "mainly clear"), (2, "partly cloudy"), (3, "overcast")),
    "Fog": ((45, "fog"), (48, "depositing rime fog")),
    "Drizzle": (
        (51, "light drizzle"), (53, "drizzle"), (55, "dense drizzle"),
        (56, "light freezing drizzle"), (57, "freezing drizzle"),
    ),
    "Rain": (
        (61, "light rain"), (63, "rain"), (65, "heavy rain"), (66, "light freezing rain"), (67, "freezing rain"),
        (80, "light rain showers"), (81, "rain showers"), (82, "violent rain showers"),
    ),
    "Snow": (
        (71, "light snow"), (73, "snow"), (75, "heavy snow"), (77, "snow grains"),
        (85, "light snow showers"), (86, "snow showers"),
    ),
    "Thunderstorm": ((95, "thunderstorm"), (96, "thunderstorm with light hail"), (99, "thunderstorm with hail")),
}  # fmt: skip
_CODES = {code: (sky, words) for sky, codes in _SKIES.items() for code, words in codes}


def description(code: object) -> tuple[str | None, str | None]:
    """Condition and description; None for a code that is missing or not known here."""
    return _CODES.get(code, (None, None)) if isinstance(code, int) else (None, None)
