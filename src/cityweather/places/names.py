"""One spelling for each city: how a name is shown, and the key by which two spellings are the same city."""

import re
import unicodedata

MAX_LENGTH = 200  # characters of a name after display()

# Unicode's format characters (Cf), written out: keys are stored, so they must not change with Python's tables.
_CF = (
    "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b{joiners}\u200e\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
_FORMAT = re.compile(f"[{_CF.format(joiners=chr(0x200C) + chr(0x200D))}]")
_HIDDEN = re.compile(f"[{_CF.format(joiners='')}]")


def display(raw: str) -> str:
    """The name as shown: NFKC, white space collapsed and trimmed, invisible characters gone.

    ZWNJ and ZWJ stay, since Persian and Telugu are misspelt without them. May be empty or longer than MAX_LENGTH.
    """
    if not raw.isascii():
        raw = unicodedata.normalize("NFKC", _HIDDEN.sub("", raw))
    return " ".join(raw.split())


def key(name: str) -> str:
    """What two spellings of one city share; `name` as display() gives it. At most twice as long as the name.

    Accents stay: "moron" and "morón" are two towns. Empty for a name of joiners only.
    """
    if name.isascii():
        return name.casefold()
    # Casefolding takes some letters apart, and a joiner may have kept two apart: compose again.
    return " ".join(unicodedata.normalize("NFKC", _FORMAT.sub("", name).casefold()).split())
