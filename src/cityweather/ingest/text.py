"""Bytes → text → lines. A byte that is no text in the encoding becomes a mark, so that only its row is rejected."""

import codecs
import io
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from cityweather.ingest.errors import BadOption, NotCsv

# Longest first: the UTF-32 mark begins like that of UTF-16.
BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
BOM = "\ufeff"
# Byte 0xE9 becomes U+DCE9: no decoder yields a lone surrogate by itself.
BAD_BYTE = re.compile("[\udc00-\udcff]")
# Besides those: controls other than tab and newlines, and what an earlier, lossy conversion left.
UNUSABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\udc00-\udcff\ufffd]")
MARKUP = re.compile(r"[\s\ufeff]*(<[a-z!?]|\{\s*\"|\[\s*[\[{\"])", re.IGNORECASE)
_ON_ERROR = "cityweather.mark"
SAMPLE = 4096  # bytes
TEXT_MAX = 200  # characters kept of a rejected row
ROW_MAX = 65_536  # characters of a row, quoted newlines included


def decode(pieces: Iterator[bytes], given: str | None) -> tuple[str, Iterator[str]]:
    """The encoding, and the text with "\\n" for every line end. A byte order mark outweighs the given encoding."""
    first = next(pieces, b"")
    encoding = given or "utf-8"
    for bom, name in BOMS:
        if first.startswith(bom):
            first, encoding = first[len(bom) :], name
            break
    if not encoding.endswith(("-le", "-be")):
        _refuse_utf16(first)
    if encoding in ("utf-16", "utf-32") and first:
        raise BadOption(f"The file has no byte order mark. Say encoding={encoding}-le or encoding={encoding}-be.")
    return encoding, _texts(chain([first], pieces), encoding)


def _refuse_utf16(first: bytes) -> None:
    """In UTF-16 line ends and delimiters of any script have a byte NUL, always on the same side."""
    zeros = [first[side:SAMPLE:2].count(0) for side in (0, 1)]
    most = max(zeros)
    if most > 1 and most * 40 > min(len(first), SAMPLE) and min(zeros) * 10 < most:
        label = "utf-16-be" if zeros[0] == most else "utf-16-le"
        raise BadOption(f"The file is UTF-16 without a byte order mark. Say encoding={label}.", asks="encoding")


def try_encoding(used: str) -> str:
    """What to do when bytes are no text in the encoding that was used."""
    if used == "utf-8":
        return "Try encoding=cp1252, or whichever it was saved in, if it is not UTF-8."
    return f"It was not saved in {used}: say encoding= with the one that it was saved in."


def _texts(pieces: Iterator[bytes], encoding: str) -> Iterator[str]:
    # Python's own handler makes the same marks, in C, but for ASCII-based encodings only; a wrong guess has millions.
    on_error = "surrogateescape" if encoding == "utf-8" else _ON_ERROR
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(on_error), translate=True)
    text = decoder.decode(next(pieces, b""))
    _refuse_markup(text)
    yield text
    for piece in pieces:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _refuse_markup(text: str) -> None:
    markup = MARKUP.match(text)
    if markup:
        raise NotCsv(what="HTML or XML" if markup[1].startswith("<") else "JSON")


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_ON_ERROR, _mark)


def lines(texts: Iterable[str]) -> Iterator[str]:
    """Lines with their newline. One longer than ROW_MAX comes in parts, and the reader refuses it.

    A byte order mark at the beginning of a line is left from a file that was appended to another.
    """
    rest = ""
    for text in texts:
        for line in io.StringIO(rest + text):  # only "\n" ends a line here; str.splitlines knows nine more ends
            if line.endswith("\n") or len(line) > ROW_MAX:
                yield line.lstrip(BOM)
            else:
                rest = line
                break
        else:
            rest = ""
    if rest:
        yield rest.lstrip(BOM)


def fault(text: str, encoding: str, line: int = 1) -> tuple[str, str] | None:
    """(reason code, text to show) of a row with a character that no name may hold; `line` is where the row begins."""
    unusable = UNUSABLE.search(text)
    if unusable is None:
        return None
    char = unusable[0]
    if not BAD_BYTE.match(char):
        return ("bad_encoding" if char == "\ufffd" else "control_character"), shown(text)
    *above, before = text[: unusable.start()].split("\n")
    place = f"byte {len(before.encode(encoding, 'replace')) + 1}" + (f" of line {line + len(above)}" if above else "")
    return "bad_encoding", shown(f"{place} is 0x{ord(char) - 0xDC00:02X}: {text}")


def shown(text: str) -> str:
    """The text of a rejected row, safe to store and to show: visible characters, at most TEXT_MAX."""
    # First the characters the row is rejected for, since Python takes some of them for white space.
    line = " ".join(UNUSABLE.sub(lambda match: _escape(match[0]), text[:TEXT_MAX]).split())
    return "".join(map(_escape, line))[:TEXT_MAX]


def _escape(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char) - 0xDC00 if BAD_BYTE.match(char) else ord(char)
    return f"\\x{code:02x}"
