"""The options a client may give with its file, and how large a file may be."""

import re
from dataclasses import dataclass, fields
from encodings import normalize_encoding
from encodings.aliases import aliases

from django.conf import settings

from cityweather.ingest.errors import BadOption

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
# By name, since Python knows codecs that are no encodings, and some that unpack (zlib, punycode, utf-7).
ENCODINGS = {
    *(f"iso8859-{part}" for part in range(1, 17) if part != 12),
    *(f"cp{page}" for page in (437, 737, 775, 850, 852, 855, 857, 862, 866, 874, 932, 949, 950, *range(1250, 1259))),
    *("ascii", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"),
    *("koi8-r", "koi8-u", "tis-620", "iso2022_jp"),
    *("mac-roman", "mac-latin2", "mac-cyrillic", "mac-greek", "mac-turkish"),
    *("shift_jis", "euc_jp", "euc_kr", "gb2312", "gbk", "gb18030", "big5", "big5hkscs"),
}
# Labels of IANA and the web that Python does not know, beside those that differ by "x-" or "windows-" only, or that
# are written for a larger set than Python's: what Windows calls Shift_JIS and KS C 5601 has more characters.
LABELS = {
    **dict.fromkeys(("windows-31j", "cswindows31j", "x-sjis"), "cp932"),
    **dict.fromkeys(("ks-c-5601", "ks-c-5601-1987"), "cp949"),
    **dict.fromkeys(("iso-8859-8-i", "iso-8859-8-e", "csiso88598i", "csiso88598e"), "iso8859-8"),
    **dict.fromkeys(("iso-8859-6-i", "iso-8859-6-e"), "iso8859-6"),
    "unicode": "utf-16",
    "gb-2312-80": "gb2312",
    "x-x-big5": "big5",
    "x-unicode20utf8": "utf-8",
}
OPTION_MAX = 200  # characters
NO_COLUMN = "0"
PARTS = ("region", "country", "latitude", "longitude")
COLUMN_OPTIONS = ("column", *(f"{part}_column" for part in PARTS))


@dataclass(slots=True)
class ReadOptions:
    """How a file is to be read; None or "" leaves it to the file itself.

    `header_line`, the number of the header's line, makes `header` True. `column` holds the cities. It and the other
    columns are a header or a number from 1; "0" means that the file has no such column. `utf-16` and `utf-32` need a
    byte order mark. `quotes`: "none" takes quotes for ordinary characters. Raises BadOption.
    """

    encoding: str | None = None
    delimiter: str | None = None
    column: str | None = None
    header: bool | None = None
    quotes: str | None = None
    country_column: str | None = None
    region_column: str | None = None
    latitude_column: str | None = None
    longitude_column: str | None = None
    header_line: int | None = None

    def __post_init__(self) -> None:
        for option in ("encoding", "delimiter", "quotes", *COLUMN_OPTIONS):
            _check_length(option, getattr(self, option) or "")
        self.encoding = _encoding(self.encoding) if self.encoding else None
        self.delimiter = _delimiter(self.delimiter) if self.delimiter else None
        for option in COLUMN_OPTIONS:
            setattr(self, option, (getattr(self, option) or "").strip() or None)
        self.quotes = _quotes(self.quotes) if self.quotes else None
        if self.header_line:
            self.header = True
        for option in self.headers:
            if self.header is False:
                raise BadOption(f"{option}= is a header, and header= means that there is none. Use a number from 1.")

    @property
    def columns(self) -> dict[str, str | None]:
        """What is given for the columns beside that of the cities, by PARTS."""
        return {part: getattr(self, f"{part}_column") for part in PARTS}

    @property
    def both_coordinates(self) -> bool:
        return all(self.columns[part] not in (None, NO_COLUMN) for part in ("latitude", "longitude"))

    @property
    def headers(self) -> dict[str, str]:
        """The options that name a column by its header."""
        given = {option: getattr(self, option) for option in COLUMN_OPTIONS}
        return {option: value for option, value in given.items() if value and not value.isdecimal()}

    @property
    def text(self) -> str:
        """The options as a text, "" for none: the same file read in another way is another import."""
        options = tuple(getattr(self, field.name) for field in fields(self))
        return repr(options) if any(option is not None for option in options) else ""


@dataclass(frozen=True, slots=True)
class Limits:
    """`max_bytes` of the upload and of what it unpacks to; `max_rows` with duplicates and rejected rows."""

    max_bytes: int
    max_rows: int

    @classmethod
    def of_settings(cls) -> "Limits":
        return cls(settings.IMPORT_MAX_BYTES, settings.IMPORT_MAX_ROWS)


def _check_length(option: str, value: str) -> None:
    if len(value) > OPTION_MAX:
        raise BadOption(option=option, value=f"{value[:40]}…", choices=f"{OPTION_MAX} characters at most")


def _module(label: str) -> str:
    """Python's module for an encoding. Not by codecs.lookup, which remembers every unknown name for ever."""
    name = normalize_encoding(label.strip()).lower()
    return aliases.get(name, name)


_BY_MODULE = {**{_module(name): name for name in ENCODINGS}, "utf_8_sig": "utf-8"}


def _encoding(value: str) -> str:
    """By any label that Python, IANA or the web knows: cp949, windows-949, ks_c_5601-1987, x-sjis, …"""
    label = value.strip().casefold().replace("_", "-")
    plain = label.removeprefix("x-")
    shorter = re.sub(r"^(windows-|ibm-?|ms|cp-|dos-?)(?=\d+$)", "cp", plain)
    names = (LABELS.get(label, value), LABELS.get(plain, plain), shorter)
    known = next((_BY_MODULE[module] for module in map(_module, names) if module in _BY_MODULE), None)
    if known is None:
        raise BadOption(option="encoding", value=value[:40], choices="utf-8, utf-16, cp1252, iso-8859-1, shift_jis, …")
    return known


def _delimiter(value: str) -> str:
    delimiter = DELIMITERS.get(value.strip().casefold(), value if len(value) == 1 else value.replace("\\t", "\t"))
    if delimiter not in DELIMITERS.values():
        raise BadOption(option="delimiter", value=value[:40], choices="comma, semicolon, tab or pipe")
    return delimiter


def _quotes(value: str) -> str:
    if value.strip().casefold() != "none":
        raise BadOption(option="quotes", value=value[:40], choices="none, or leave it out")
    return "none"
