from django.apps import AppConfig


class CityWeatherConfig(AppConfig):
    name = "cityweather"
    verbose_name = "CityWeather+"

    def ready(self) -> None:
        from cityweather import server_checks  # noqa: F401, PLC0415  # registers the system checks, with those of checks.py
        from cityweather.runtime import heartbeats  # noqa: PLC0415

        heartbeats.connect()
