"""Every error we raise on purpose. The docstring is the message; its {names} are filled from the facts given."""

from enum import StrEnum
from typing import Any, ClassVar


class CityWeatherError(Exception):
    """Something went wrong in CityWeather+."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500

    def __init__(self, detail: str | None = None, *, retry_after: float | None = None, **facts: Any) -> None:
        self.detail = detail or (type(self).__doc__ or "").format(**facts).strip()
        self.retry_after = retry_after  # seconds
        super().__init__(self.detail)


# --- what a client sent -------------------------------------------------------------------------------------------


class BadRequest(CityWeatherError):
    """The request is not understood."""

    code, status = "bad_request", 400


class NoCity(BadRequest):
    """Say which city: /weather?city=London."""

    code = "no_city"


class NameTooLong(BadRequest):
    """The name of a city has at most {limit} characters."""

    code = "name_too_long"


class BadName(BadRequest):
    """City names must not contain control characters."""

    code = "bad_name"


class ImportRefused(CityWeatherError):
    """The file cannot be imported."""

    code, status = "import_refused", 400


class NotCsv(ImportRefused):
    """This is not a CSV file but {what}. Export it as CSV (UTF-8) and send that."""

    code = "not_csv"


class NoCities(ImportRefused):
    """The file holds no usable city. {reasons}"""

    code = "no_cities"


class BadPath(ImportRefused):
    """The path does not name a file below IMPORT_DIR."""

    code = "bad_path"


class TooLarge(ImportRefused):
    """The file is larger than the limit of {limit}."""

    code, status = "too_large", 413


class TooManyRows(ImportRefused):
    """The file has more than the {limit:,} rows that one job may have. Split it."""

    code, status = "too_many_rows", 413


class RowTooLong(ImportRefused):
    """The row that begins on line {line} is longer than 64 KB. Is a quote opened there and never closed?"""

    code = "row_too_long"


class UnclosedQuote(ImportRefused):
    """The row that begins on line {line} opens a quote and never closes it."""

    code = "unclosed_quote"


class NoCityColumn(ImportRefused):
    """Cannot tell which column holds the cities. {hint}"""

    code = "no_city_column"


class BadOption(ImportRefused):
    """{option}={value} is not known. Use {choices}."""

    code = "bad_option"


class BadGzip(ImportRefused):
    """The gzip file cannot be used: {reason}."""

    code = "bad_gzip"


class NoRoom(ImportRefused):
    """The server has no room on its disk for this upload."""

    code, status = "no_room", 507


class CallbackRefused(BadRequest):
    """The callback_url cannot be used. {reason}"""

    code = "callback_refused"


class ImportLost(CityWeatherError):
    """The import stood still for so long that it was given up. Send the file again."""

    code, status = "import_lost", 503


class JobNotFound(CityWeatherError):
    """There is no such job."""

    code, status = "job_not_found", 404


class JobConflict(CityWeatherError):
    """The job is {state}; this action is not possible."""

    code, status = "job_conflict", 409


class TooManyJobs(CityWeatherError):
    """{open_jobs} jobs are open already and the limit is {limit}. Wait for one to end or cancel it."""

    code, status = "too_many_jobs", 429


class KeyReused(CityWeatherError):
    """This Idempotency-Key was used with another file."""

    code, status = "idempotency_key_reused", 409


class ImportInProgress(CityWeatherError):
    """The same import is still being written. Ask again."""

    code, status = "import_in_progress", 503


# --- how the API was called ---------------------------------------------------------------------------------------


class InvalidParameter(BadRequest):
    """The parameter {name} must be {expected}."""

    code = "invalid_parameter"


class InvalidCursor(BadRequest):
    """This cursor is not one of ours. Follow the link in 'next', or start again without a cursor."""

    code = "invalid_cursor"


class BadUpload(ImportRefused):
    """The upload cannot be read. {reason}"""

    code = "bad_upload"


class NoApiKey(CityWeatherError):
    """This needs an API key in the X-API-Key header."""

    code, status = "api_key_missing", 401


class WrongApiKey(CityWeatherError):
    """This API key is not valid here. {hint}"""

    code, status = "api_key_invalid", 403


class NotFound(CityWeatherError):
    """There is nothing at this address."""

    code, status = "not_found", 404


class RequestTooLarge(CityWeatherError):
    """The body of this request may hold {limit} bytes at most."""

    code, status = "request_too_large", 413


class LengthRequired(CityWeatherError):
    """Send the body with a Content-Length: chunked bodies are not taken."""

    code, status = "length_required", 411


class BodyCut(BadRequest):
    """The request body was incomplete. Send it again."""

    code = "body_cut"


class RequestTimeout(CityWeatherError):
    """The body came too slowly. Send it again."""

    code, status = "request_timeout", 408


class TooManyRequests(CityWeatherError):
    """Too many requests: {limit} are allowed. Try again after the time given."""

    code, status = "throttled", 429


class TooManyDownloads(CityWeatherError):
    """Too many downloads run at once. Try again after the time given."""

    code, status = "too_many_downloads", 503


class Overloaded(CityWeatherError):
    """Too many requests are under way here. Try again after the time given."""

    code, status = "overloaded", 503


# --- our own parts ------------------------------------------------------------------------------------------------


class DatabaseUnavailable(CityWeatherError):
    """The database does not answer, or takes no writes. Try again; operators: see /healthz and DATABASE_URL."""

    code, status = "database_unavailable", 503


class UnknownFormat(CityWeatherError):
    """Format {format} is newer than this code. Finish the deploy so that every process runs the new version."""

    code = "unknown_format"


# --- the weather --------------------------------------------------------------------------------------------------


class Fault(StrEnum):
    """Whose trouble it is: that decides whether a row fails, a job waits, or an operator must act."""

    CITY = "city"
    QUOTA = "quota"
    KEY = "key"
    OUTAGE = "outage"


class WeatherError(CityWeatherError):
    """The weather could not be fetched."""

    code, status = "weather_error", 502
    fault: ClassVar[Fault] = Fault.OUTAGE


class UnknownCity(WeatherError):
    """The provider does not know this city."""

    code, status = "unknown_city", 404
    fault = Fault.CITY


class RefusedCity(WeatherError):
    """The provider refuses this name as a city."""

    code, status = "refused_city", 404
    fault = Fault.CITY


class GaveUp(WeatherError):
    """The provider answered for other cities but not for this one, five times."""

    code = "gave_up"
    fault = Fault.CITY


class WorkerLost(WeatherError):
    """Three workers died while they fetched this city alone."""

    code = "worker_lost"
    fault = Fault.CITY


class ProviderDown(WeatherError):
    """The weather provider is not reachable. Try again shortly."""

    code, status = "provider_unavailable", 503


class ProviderTimeout(ProviderDown):
    """The weather provider took too long to answer. Try again shortly."""

    code, status = "provider_timeout", 504


class BadAnswer(ProviderDown):
    """The weather provider sent an answer that cannot be read. Try again shortly."""

    code, status = "provider_bad_answer", 502


class QuotaUsedUp(WeatherError):
    """The quota towards the weather provider is used up for now. Try again after the time given."""

    code, status = "quota_used_up", 503
    fault = Fault.QUOTA


class Throttled(QuotaUsedUp):
    """The weather provider asks us to slow down. Try again after the time given."""

    code = "provider_throttled"


class KeyRefused(WeatherError):
    """The weather provider refuses our key. Operators: the failed job says what to check."""

    code, status = "key_refused", 503
    fault = Fault.KEY
