"""Why a file cannot be imported."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from cityweather.errors import CityWeatherError


class Column(NamedTuple):
    """A column as people know it: its header, "" without one, and its first cells."""

    name: str
    samples: list[str]


class ImportRefused(CityWeatherError):
    """What is sent with a question: `asks`, the option that answers it, the file's columns and its first lines."""

    message = "The file cannot be imported."
    code, status = "import_refused", 400

    asks = ""

    def __init__(
        self, detail: str | None = None, *, columns: Sequence[Column] = (), asks: str = "", **facts: Any
    ) -> None:
        super().__init__(detail, **facts)
        self.columns = [column._asdict() for column in columns]
        self.asks = asks or self.asks
        self.first_lines: Sequence[dict[str, Any]] = ()


class NotCsv(ImportRefused):
    message = "This is not a CSV file but {what}. Export it as CSV (UTF-8) and send that."
    code = "not_csv"


class NoCities(ImportRefused):
    message = "The file holds no usable city. {reasons}"
    code = "no_cities"


class BadPath(ImportRefused):
    message = "The path does not name a file below IMPORT_DIR, the server's folder for files to import."
    code = "bad_path"


class TooLarge(ImportRefused):
    message = "The file is larger than the limit of {limit}."
    code, status = "too_large", 413


class TooManyRows(ImportRefused):
    message = "The file has more than the {limit:,} rows that one job may have. Split it."
    code, status = "too_many_rows", 413


class RowTooLong(ImportRefused):
    message = (
        "The row that begins on line {line} is longer than 64 KB. Is a quote opened there and never closed? "
        "If quotes mean nothing in this file, say quotes=none."
    )
    code, asks = "row_too_long", "quotes"


class LineTooLong(RowTooLong):
    message = "Line {line} is longer than 64 KB. Is this a CSV file, and does each of its rows end with a line break?"
    asks = ""


class UnclosedQuote(ImportRefused):
    message = (
        "The row that begins on line {line} opens a quote and never closes it. "
        "If quotes mean nothing in this file, say quotes=none."
    )
    code, asks = "unclosed_quote", "quotes"


class NoCityColumn(ImportRefused):
    message = "Cannot tell which column holds the cities. {hint}"
    code, asks = "no_city_column", "column"


class BadOption(ImportRefused):
    message = "{option}={value} is not valid. Use {choices}."
    code = "bad_option"


class BadGzip(ImportRefused):
    message = "The gzip file cannot be used: {reason}."
    code = "bad_gzip"


class NoRoom(ImportRefused):
    message = "The server has no room on its disk for this upload."
    code, status = "no_room", 507


class BadUpload(ImportRefused):
    message = "The upload cannot be read. {reason}"
    code = "bad_upload"
