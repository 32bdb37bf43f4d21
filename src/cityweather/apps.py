from django.apps import AppConfig


class CityWeatherConfig(AppConfig):
    name = "cityweather"
    verbose_name = "CityWeather+"
