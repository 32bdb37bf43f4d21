"""A town as people write it in lists and addresses, with commas before what it lies in and without what is no name.

"Paris (TX)", "São Paulo/SP", "Paris - France" and "St. Louis MO" name an area behind the town; "75001 Paris" and
"Boston, MA 02108" have a postal code; "City of Toronto" and "Köln, Stadt" tell what the place is.
"""

import re

from cityweather.places import areas

_SEPARATORS = re.compile(r"\s*[(/\uff08]\s*|\s+[-\u2013\u2014|]\s+")  # brackets, slashes, and dashes between blanks
# "02108-1234" and "A-1010", "SW1A 1AA" in Britain, "K1A 0B1" in Canada.
_POSTAL_CODE = re.compile(
    r"(?:\b[A-Z]{1,2}-)?\b\d{4,5}(?:-\d{4})?\b|\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b|\b[A-Z]\d[A-Z] ?\d[A-Z]\d\b",
    re.IGNORECASE,
)
_KIND = re.compile(
    r"^(?:city of|municipality of|greater|comune di|ville de|municipio de|ayuntamiento de|stadt|hansestadt|"
    r"landeshauptstadt|gemeente|prefeitura de)\s+",
    re.IGNORECASE,
)
# As the US Census ("Los Angeles city, California") and Destatis ("Köln, Stadt") have it. "Kansas City" is a name.
_KIND_BEHIND = re.compile(r"(?<=\w) (?:city|town|village|CDP|borough)(?=,|$)|, (?:Hanses|Landeshaupts|S)tadt(?=,|$)")
COUNTRIES = ("AU", "CA", "US")  # where people write "Portland Oregon" and "Sydney NSW"


def plain(name: str) -> str:
    """ "Paris (TX)" → "Paris, TX". A name that needs no change is returned as it is."""
    text = _SEPARATORS.sub(", ", name).replace(")", "").replace("\uff09", "")
    parts = (" ".join(_POSTAL_CODE.sub(" ", part).split()) for part in text.split(","))
    text = _KIND_BEHIND.sub("", _KIND.sub("", ", ".join(filter(None, parts))))
    return _with_comma(text) if "," not in text else text


def _with_comma(text: str) -> str:
    """ "Portland Oregon" → "Portland, Oregon": a region of one or two words."""
    words = text.split(" ")
    for number in (2, 1):  # "West Virginia" before "Virginia"
        area = areas.region(" ".join(words[-number:])) if len(words) > number else None
        if area and any(land in COUNTRIES for land, _ in area.regions):
            return f"{' '.join(words[:-number])}, {' '.join(words[-number:])}"
    return text
