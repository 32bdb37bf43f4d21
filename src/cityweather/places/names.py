"""City names: how one is shown, the key that its spellings share, and which names are usable.

Regions and countries, and names whose key is unknown, are compared by coarser spellings than a key.
"""

import re
import unicodedata

MAX_LENGTH = 200  # characters of a name after display()
KEY_MAX_LENGTH = 400  # characters
RAW_MAX = 3 * MAX_LENGTH  # characters before composing: no script needs more for a name of MAX_LENGTH

# Unicode's format characters (Cf), written out: keys are stored, so they must not change with Python's tables.
_CF = (
    "\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b{joiners}\u200e\u200f\u202a-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
_FORMAT = re.compile(f"[{_CF.format(joiners=chr(0x200C) + chr(0x200D))}]")
_HIDDEN = re.compile(f"[{_CF.format(joiners='')}]")

_DOTS = re.compile("(?<=i)\u0307+")  # casefold() turns the Turkish capital \u0130 into i and a dot; the dot is dropped

# What databases, spreadsheets, pandas and people write for a missing value, casefolded. A town called None must be
# written another way.
MISSING = frozenset((
    "\\n", "\\\\n", "null", "(null)", "<null>", "none", "(none)", "nil", "nan", "nat", "na", "<na>", "n/a", "n.a.",
    "#n/a", "#n/d", "#nv", "n/d", "n.d.", "k.a.", "undefined", "unknown", "missing", "tbd", "tba", "(blank)", "(empty)",
))  # fmt: skip

# Letters that Unicode does not take apart into a letter and an accent; \u0131 is the Turkish i without its dot.
_LETTERS = str.maketrans(
    {"ł": "l", "đ": "d", "\u0131": "i", "ø": "o", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "\u2019": "'"}
)
_SEPARATORS = re.compile("[\\s\\-.,'`/()\u2019\u02bb\u02bc]+")  # the last three are apostrophes, too
_SHORT = {"saint": "st", "sankt": "st", "mount": "mt", "fort": "ft"}
_LONG = re.compile(rf"\b(?:{'|'.join(_SHORT)})\b")
_IN_BRACKETS = re.compile(r" \([^()]*\)$")
_APOSTROPHES = re.compile("['`\u2019\u02bb\u02bc]")


def display(raw: str) -> str:
    """The name as shown and asked for: Unicode form NFC, white space collapsed and trimmed, invisible characters gone.

    ZWNJ and ZWJ stay, since Persian and Telugu are misspelt without them. The result may be empty or longer than
    MAX_LENGTH. Composing takes quadratic time, so a text over RAW_MAX is left as it is: it is too long in any form.
    """
    if raw.isascii():
        return " ".join(raw.split())
    name = " ".join(_HIDDEN.sub("", raw).split())
    return name if len(name) > RAW_MAX else unicodedata.normalize("NFC", name)


def key(name: str) -> str:
    """What all spellings of one city share; `name` as display() returns it.

    Accents stay: "moron" and "morón" are two towns. Empty for a name of joiners only.
    """
    if name.isascii() or len(name) > RAW_MAX:
        return name.casefold()
    # NFKC before and after casefolding: each of the two can undo what the other has done.
    folded = unicodedata.normalize("NFKC", _FORMAT.sub("", name)).casefold()
    folded = _DOTS.sub("", folded)
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def check(raw: str) -> tuple[str, str, str | None]:
    """(name, key, reason code) of a raw name. The code is None for a usable name, else no_name or name_too_long."""
    name = display(raw)
    if len(name) > MAX_LENGTH:
        return name, "", "name_too_long"
    folded = key(name)
    if not folded or is_missing(name, folded):
        return name, "", "no_name"
    return name, folded, "name_too_long" if len(folded) > KEY_MAX_LENGTH else None


def is_missing(name: str, folded: str) -> bool:
    """Whether the name stands for no value. "Nan" is a town and a region in Thailand."""
    return folded in MISSING and name != "Nan"


def without_accents(key: str) -> str:
    """ "düsseldorf" → "dusseldorf"; Greek and Cyrillic letters lose their accents, too."""
    if key.isascii():
        return key
    taken_apart = unicodedata.normalize("NFD", key.translate(_LETTERS))
    latin = "".join(sign for sign in taken_apart if not "\u0300" <= sign <= "\u036f")
    return unicodedata.normalize("NFC", latin)


def loose(key: str) -> str:
    """The key with one space for every hyphen, dot or apostrophe, and "st", "mt", "ft" for Saint, Mount, Fort.

    Accents stay; \u0153 is written as oe.
    """
    spaced = _SEPARATORS.sub(" ", key.replace("\u0153", "oe")).strip()
    return _LONG.sub(lambda word: _SHORT[word[0]], spaced)


def without_apostrophes(key: str) -> str:
    """ "o'fallon" \u2192 "ofallon"."""
    return _APOSTROPHES.sub("", key)


def without_brackets(key: str) -> str:
    """ "halle (saale)" \u2192 "halle"."""
    return _IN_BRACKETS.sub("", key)


def bare(text: str) -> str:
    """Letters and digits alone, in small letters and without accents: "Île-de-France" → "iledefrance"."""
    return "".join(sign for sign in without_accents(text.casefold()) if sign.isalnum())
