"""env/.env.example tells every variable that the settings read, with its default, and no other."""

from tests.setup.declared import variables_read, variables_told

FIXED = """
SECRET_KEY DEBUG ALLOWED_HOSTS DATABASE_URL REDIS_URL BROKER_URL CACHE_URL CITYWEATHER_API_KEY WEATHER_PROVIDER
OPENWEATHER_API_KEY OPENWEATHER_URL OPENWEATHER_QUOTA_PER_MINUTE OPENWEATHER_QUOTA_PER_MONTH OPEN_METEO_URL
OPEN_METEO_GEOCODING_URL OPEN_METEO_QUOTA_PER_MINUTE OPEN_METEO_QUOTA_PER_HOUR OPEN_METEO_QUOTA_PER_DAY CACHE_TTL
IMPORT_DIR IMPORT_MAX_BYTES IMPORT_MAX_ROWS IMPORT_MAX_OPEN_JOBS THROTTLE_WEATHER THROTTLE_API
"""


def test_every_variable_that_users_know_is_still_read() -> None:
    assert set(FIXED.split()) - variables_read().keys() == set()


def test_the_example_tells_exactly_what_is_read() -> None:
    assert variables_told().keys() == variables_read().keys()


def test_the_example_tells_each_default() -> None:
    assert {name: told.value for name, told in variables_told().items()} == variables_read()


def test_every_variable_has_a_comment() -> None:
    assert [name for name, told in variables_told().items() if not told.comment.startswith("# ")] == []
