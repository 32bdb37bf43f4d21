"""The errors that we raise on purpose; those about a file to import are in `ingest/errors`.

`message` is for people, `code` for programs. Messages are no docstrings, which `python -OO` drops.
"""

from enum import StrEnum
from typing import Any, ClassVar


class CityWeatherError(Exception):
    """`message` is a format string: its {names} are filled from the facts given to the constructor."""

    message: ClassVar[str] = "Something went wrong in CityWeather+."
    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, detail: str | None = None, *, retry_after: float | None = None, **facts: Any) -> None:
        self.detail = detail or self.message.format(**facts).strip()
        self.retry_after = retry_after  # seconds
        super().__init__(self.detail)


# --- what a client sent -------------------------------------------------------------------------------------------


class BadRequest(CityWeatherError):
    message = "The request is not understood."
    code, status = "bad_request", 400


class NoCity(BadRequest):
    message = "Say which city: /weather?city=London, or /weather?lat=51.51&lon=-0.13."
    code = "no_city"


class NameTooLong(BadRequest):
    message = "The name of a city has at most {limit} characters."
    code = "name_too_long"


class BadName(BadRequest):
    message = "City names must not contain control characters."
    code = "bad_name"


class BadCoordinates(BadRequest):
    message = (
        "lat and lon must both be numbers in degrees, lat from -90 to 90 and lon from -180 to 180: lat=48.85&lon=2.35."
    )
    code = "bad_coordinates"


class CallbackRefused(BadRequest):
    message = "The callback_url cannot be used. {reason}"
    code = "callback_refused"


class JobNotFound(CityWeatherError):
    message = "There is no such job."
    code, status = "job_not_found", 404


class JobConflict(CityWeatherError):
    message = "The job is {state}; this action is not possible."
    code, status = "job_conflict", 409


class TooManyJobs(CityWeatherError):
    message = "{open_jobs} jobs are open already and the limit is {limit}. Wait for one to end or cancel it."
    code, status = "too_many_jobs", 429


class ScheduleNotFound(CityWeatherError):
    message = "There is no such schedule."
    code, status = "schedule_not_found", 404


class BadSchedule(BadRequest):
    message = "The schedule cannot be used. {reason}"
    code = "bad_schedule"


class TooOften(BadRequest):
    message = (
        "A schedule must not run more often than every {limit} s: cached weather is used for that long (CACHE_TTL)."
    )
    code = "too_often"


class OverQuota(BadRequest):
    message = (
        "All schedules together would ask for {needed:,.0f} cities a minute; the quota allows {allowed:,.0f}. "
        "Choose a longer interval or fewer cities."
    )
    code = "over_quota"


class KeyReused(CityWeatherError):
    message = "This Idempotency-Key was used with another request. Send another key."
    code, status = "idempotency_key_reused", 409


# --- how the API was called ---------------------------------------------------------------------------------------


class InvalidParameter(BadRequest):
    message = "The parameter {name} must be {expected}."
    code = "invalid_parameter"


class InvalidCursor(BadRequest):
    message = "This cursor is not one of ours. Follow the link in 'next', or start again without a cursor."
    code = "invalid_cursor"


class NoApiKey(CityWeatherError):
    message = "This needs an API key in the X-API-Key header."
    code, status = "api_key_missing", 401


class WrongApiKey(CityWeatherError):
    message = "This API key is not valid here. {hint}"
    code, status = "api_key_invalid", 403


class NotFound(CityWeatherError):
    message = "There is nothing at this address."
    code, status = "not_found", 404


class RequestTooLarge(CityWeatherError):
    message = "The body of this request may hold {limit} bytes at most."
    code, status = "request_too_large", 413


class LengthRequired(CityWeatherError):
    message = "Send the body with a Content-Length: chunked bodies are not accepted."
    code, status = "length_required", 411


class BodyCut(BadRequest):
    message = "The request body was incomplete. Send it again."
    code = "body_cut"


class RequestTimeout(CityWeatherError):
    message = "The body came too slowly. Send it again."
    code, status = "request_timeout", 408


class TooManyRequests(CityWeatherError):
    message = "Too many requests: {limit} are allowed. Try again after the time given."
    code, status = "throttled", 429


class TooManyDownloads(CityWeatherError):
    message = "Too many downloads run at once. Try again after the time given."
    code, status = "too_many_downloads", 503


class Overloaded(CityWeatherError):
    message = "Too many requests are under way here. Try again after the time given."
    code, status = "overloaded", 503


# --- our own parts ------------------------------------------------------------------------------------------------


class DatabaseUnavailable(CityWeatherError):
    message = "The database does not answer, or takes no writes. Try again; operators: see /healthz and DATABASE_URL."
    code, status = "database_unavailable", 503


class UnknownFormat(CityWeatherError):
    message = "Format {format} is newer than this code. Finish the deploy so that every process runs the new version."
    code = "unknown_format"


# --- the weather --------------------------------------------------------------------------------------------------


class Fault(StrEnum):
    """Whose trouble it is: that decides whether a row fails, a job waits, or an operator must act."""

    CITY = "city"
    QUOTA = "quota"
    KEY = "key"
    OUTAGE = "outage"


class WeatherError(CityWeatherError):
    message = "The weather could not be fetched."
    code, status = "weather_error", 502
    fault: ClassVar[Fault] = Fault.OUTAGE


class UnknownCity(WeatherError):
    message = (
        "The provider does not know this city. Check the spelling, and write a country or state behind a comma: "
        "Durham, NC."
    )
    code, status = "unknown_city", 404
    fault = Fault.CITY


class AmbiguousCity(WeatherError):
    message = "Several places have this name, and in this import such rows fail. Add a country or a region."
    code, status = "ambiguous_city", 404
    fault = Fault.CITY


class RefusedCity(WeatherError):
    message = "The provider refuses this name as a city."
    code, status = "refused_city", 404
    fault = Fault.CITY


class GaveUp(WeatherError):
    message = "The provider answered for other cities but not for this one, five times."
    code = "gave_up"
    fault = Fault.CITY


class WorkerLost(WeatherError):
    message = "Three workers died while they fetched this city alone."
    code = "worker_lost"
    fault = Fault.CITY


class ProviderDown(WeatherError):
    message = "The weather provider is not reachable. Try again shortly."
    code, status = "provider_unavailable", 503


class ProviderTimeout(ProviderDown):
    message = "The weather provider took too long to answer. Try again shortly."
    code, status = "provider_timeout", 504


class BadAnswer(ProviderDown):
    message = "The weather provider sent an answer that cannot be read. Try again shortly."
    code, status = "provider_bad_answer", 502


class QuotaUsedUp(WeatherError):
    message = "The quota towards the weather provider is used up for now. Try again after the time given."
    code, status = "quota_used_up", 503
    fault = Fault.QUOTA


class Throttled(QuotaUsedUp):
    message = "The weather provider asks us to slow down. Try again after the time given."
    code = "provider_throttled"


class KeyRefused(WeatherError):
    message = "The weather provider refuses our key. Operators: check the key; `cityweather doctor` shows more."
    code, status = "key_refused", 503
    fault = Fault.KEY
