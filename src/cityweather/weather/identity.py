"""How we introduce ourselves to a provider."""

from importlib.metadata import version

HEADERS = {"User-Agent": f"CityWeather+/{version('cityweather')}", "Accept": "application/json"}
