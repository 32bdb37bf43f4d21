"""What a client may say about its file, and how large a file may be."""

from dataclasses import dataclass
from encodings import normalize_encoding
from encodings.aliases import aliases

from django.conf import settings

from cityweather.errors import BadOption

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
# By name, since Python knows codecs that are no encodings, and some that unpack (zlib, punycode, utf-7).
ENCODINGS = {
    *(f"iso8859-{part}" for part in range(1, 17) if part != 12),
    *(f"cp{page}" for page in (437, 737, 775, 850, 852, 855, 857, 862, 866, 874, 932, 949, 950, *range(1250, 1259))),
    *("ascii", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "koi8-r", "koi8-u", "tis-620"),
    *("mac-roman", "mac-latin2", "mac-cyrillic", "mac-greek", "mac-turkish"),
    *("shift_jis", "euc_jp", "euc_kr", "gb2312", "gbk", "gb18030", "big5", "big5hkscs"),
}
TOLD_MAX = 200  # characters of what is said


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """None or "": find out. `column` is a header's name or a number from 1. `utf-16` needs a byte order mark.

    Raises BadOption.
    """

    encoding: str | None = None
    delimiter: str | None = None
    column: str | None = None
    header: bool | None = None

    def __post_init__(self) -> None:
        for option in ("encoding", "delimiter", "column"):
            _check_length(option, getattr(self, option) or "")
        object.__setattr__(self, "encoding", _encoding(self.encoding) if self.encoding else None)
        object.__setattr__(self, "delimiter", _delimiter(self.delimiter) if self.delimiter else None)
        object.__setattr__(self, "column", (self.column or "").strip() or None)
        if self.column and not self.column.isdecimal() and self.header is False:
            raise BadOption("column= says the name of a header, and header= that there is none. Say its number.")

    @property
    def told(self) -> str:
        """What was said, as a text: the same file read otherwise is another import."""
        said = (self.encoding, self.delimiter, self.column, self.header)
        return "" if said == (None, None, None, None) else repr(said)


@dataclass(frozen=True, slots=True)
class Limits:
    """`max_bytes` of the upload and of what it unpacks to; `max_rows` with duplicates and refused rows."""

    max_bytes: int
    max_rows: int

    @classmethod
    def of_settings(cls) -> "Limits":
        return cls(settings.IMPORT_MAX_BYTES, settings.IMPORT_MAX_ROWS)


def _check_length(option: str, told: str) -> None:
    if len(told) > TOLD_MAX:
        raise BadOption(option=option, value=f"{told[:40]}…", choices=f"{TOLD_MAX} characters at most")


def _module(told: str) -> str:
    """What Python calls the encoding. Not by codecs.lookup, which remembers every unknown name for ever."""
    name = normalize_encoding(told.strip()).lower()
    return aliases.get(name, name)


_BY_MODULE = {**{_module(name): name for name in ENCODINGS}, "utf_8_sig": "utf-8"}


def _encoding(told: str) -> str:
    name = _BY_MODULE.get(_module(told))
    if name is None:
        raise BadOption(option="encoding", value=told[:40], choices="utf-8, utf-16, cp1252, iso-8859-1, shift_jis, …")
    return name


def _delimiter(told: str) -> str:
    delimiter = DELIMITERS.get(told.strip().casefold(), told if len(told) == 1 else told.replace("\\t", "\t"))
    if delimiter not in DELIMITERS.values():
        raise BadOption(option="delimiter", value=told[:40], choices="comma, semicolon, tab or pipe")
    return delimiter
