"""env/.env.example names every variable that the settings, gunicorn or the client read, and no other."""

from tests.support.declared import COMPUTED, variables_documented, variables_read

FIXED = """
SECRET_KEY DEBUG ALLOWED_HOSTS DATABASE_URL REDIS_URL BROKER_URL CACHE_URL CITYWEATHER_API_KEY WEATHER_PROVIDER
OPENWEATHER_API_KEY OPENWEATHER_URL OPENWEATHER_QUOTA_PER_MINUTE OPENWEATHER_QUOTA_PER_MONTH OPEN_METEO_URL
OPEN_METEO_GEOCODING_URL OPEN_METEO_QUOTA_PER_MINUTE OPEN_METEO_QUOTA_PER_HOUR OPEN_METEO_QUOTA_PER_DAY CACHE_TTL
IMPORT_DIR IMPORT_MAX_BYTES IMPORT_MAX_ROWS IMPORT_MAX_OPEN_JOBS THROTTLE_WEATHER THROTTLE_API
"""
BESIDE_THE_SETTINGS = {"WEB_CONCURRENCY": "2", "CITYWEATHER_SERVER": COMPUTED}


def test_every_variable_that_users_know_is_still_read() -> None:
    assert set(FIXED.split()) - variables_read().keys() == set()


def test_the_example_names_exactly_what_is_read() -> None:
    assert variables_documented().keys() == variables_read().keys() | BESIDE_THE_SETTINGS.keys()


def test_the_example_gives_each_default() -> None:
    defaults = {name: documented.value for name, documented in variables_documented().items()}
    assert defaults == {**variables_read(), **BESIDE_THE_SETTINGS}


def test_every_variable_has_a_comment() -> None:
    assert [name for name, one in variables_documented().items() if not one.comment.startswith("# ")] == []
