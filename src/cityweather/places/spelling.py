"""Coarser spellings than a key: for regions and countries, and for what a name is tried as when its key is unknown."""

import re
import unicodedata

# Letters that Unicode does not take apart into a letter and an accent; \u0131 is the Turkish i without its dot.
_LETTERS = str.maketrans(
    {"ł": "l", "đ": "d", "\u0131": "i", "ø": "o", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "\u2019": "'"}
)
_SEPARATORS = re.compile("[\\s\\-.,'`/()\u2019\u02bb\u02bc]+")  # the last three are apostrophes, too
_SAINT = re.compile(r"\b(?:saint|sankt)\b")


def without_accents(key: str) -> str:
    """ "düsseldorf" → "dusseldorf"; Greek and Cyrillic letters lose their accents, too."""
    if key.isascii():
        return key
    taken_apart = unicodedata.normalize("NFD", key.translate(_LETTERS))
    latin = "".join(sign for sign in taken_apart if not "\u0300" <= sign <= "\u036f")
    return unicodedata.normalize("NFC", latin)


def loose(key: str) -> str:
    """The key with one space for every hyphen, dot or apostrophe, and "st" for Saint; accents stay."""
    return _SAINT.sub("st", _SEPARATORS.sub(" ", key).strip())


def bare(text: str) -> str:
    """Letters and digits alone, in small letters and without accents: "Île-de-France" → "iledefrance"."""
    return "".join(sign for sign in without_accents(text.casefold()) if sign.isalnum())
