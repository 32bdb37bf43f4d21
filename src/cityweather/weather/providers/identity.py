"""How we introduce ourselves to a provider."""

from cityweather import __version__

HEADERS = {"User-Agent": f"CityWeather+/{__version__}", "Accept": "application/json"}
