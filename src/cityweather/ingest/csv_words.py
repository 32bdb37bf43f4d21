"""What headers are called. A header counts without case, spaces, punctuation, brackets and what follows a slash."""

import re

from cityweather.places.names import display, key

_BRACKETS = re.compile(r"\([^()]*\)|\[[^][]*\]")
_HUMP = re.compile("(?<=[a-z])(?=[A-Z])")
_NOT_LETTERS = re.compile(r"[\W_]+")


def plain(text: str) -> str:
    """Letters and digits of a header only: "City_Name" and "city name:" are alike."""
    return _NOT_LETTERS.sub("", key(display(text)))


def word(header: str) -> str:
    """The same without what only explains it: "City/Town (English)" is "city"."""
    return plain(_BRACKETS.sub("", display(header)).partition("/")[0])


def _words(*headers: str) -> tuple[str, ...]:
    return tuple(map(word, headers))


NAME = "name"
VAGUE = _words("place", "places", "place name", "plaats", "location", "locations", NAME, "names", "nm")
"""They may stand above something else than cities."""
# None of them is the name of a town, since the first line of a list could be that town.
# Best first: with `name` and `town` the city is in `town`.
CITY = (*_words(
    "city", "city name", "cities", "ciudad", "ciudades", "cidade", "cidades", "ville", "villes", "città", "stadt",
    "städte", "stad", "by navn", "kaupunki", "miasto", "miasta", "miejscowość", "město", "mesto", "город",
    "города", "місто", "град", "πόλη", "şehir", "şehirler", "thành phố", "oraș", "localitate", "város",
    "城市", "都市", "都市名", "市区町村", "도시", "도시명", "เมือง", "शहर", "مدينة", "עיר",
    "town", "towns", "town name", "ort", "ortschaft", "gemeinde", "municipality", "municipio", "município",
    "comune", "commune", "gemeente", "kommune", "kommun", "obec", "localidad", "localidade", "locality", "settlement",
    "ortsname", "stadtname", "nom ville", "nom commune", "localité", "località", "población",
), *VAGUE)  # fmt: skip
# Codes before names: a code has one spelling.
COUNTRY = _words(
    "country code", "country iso", "iso2", "alpha 2", "iso", "cc", "iso3", "alpha 3", "ländercode", "länderkürzel",
    "code pays", "código país", "codice paese", "country", "countries", "country name", "nation", "land", "länder",
    "staat", "pays", "país", "pais", "paese", "nazione",
)  # fmt: skip
# Names before codes: of most countries no one knows which codes a file uses.
REGION = _words(
    "state name", "admin name", "admin1 name", "region name", "province name", "state", "province", "bundesland",
    "kanton", "canton", "provincia", "província", "estado", "region", "région", "región", "região", "regione",
    "département", "departement", "departamento", "department", "county", "county name", "state code", "state id",
    "province code", "region code", "admin1 code", "admin1",
)  # fmt: skip
LATITUDE = _words("latitude", "lat", "coord lat", "breitengrad", "breite", "geo lat", "latitud", "latitudine")
LONGITUDE = _words(
    "longitude",
    "lon",
    "lng",
    "long",
    "coord lon",
    "coord lng",
    "längengrad",
    "länge",
    "geo lon",
    "geo lng",
    "longitud",
    "longitudine",
)
OTHERS = _words(
    "id", "nr", "no", "rank", "population", "pop", "district", "admin", "zip", "postcode", "postal code",
    "plz", "timezone", "continent",
)  # fmt: skip
KNOWN = frozenset((*CITY, *COUNTRY, *REGION, *LATITUDE, *LONGITUDE, *OTHERS))
ABOUT_CITIES = (KNOWN - set(CITY)) | {"code", "type"}
OF_SOMETHING = frozenset(
    _words(
        "hometown",
        "homecity",
        "birthplace",
        "workplace",
        "wohnort",
        "wohnstadt",
        "geburtsort",
        "heimatort",
        "heimatstadt",
        "arbeitsort",
        "dienstort",
        "woonplaats",
        "geboorteplaats",
    )
)
"""Cities of something, each in one word. Beside one of these, `name` may be the name of a person."""
PERSON = frozenset(
    _words("email", "e-mail", "mail", "phone", "telephone", "mobile", "first name", "last name", "surname", "company")
)
"""Beside one of these, `name` is the name of a person."""
TITLE = frozenset(_words("city", "cities", "city name"))
"""A header that stands alone on a line below a title can only be one of these: "Town" could be a town."""
OUR_RESULTS = word("last_refreshed_at")
"""A column of our own downloads, whose `city` is the whole name and whose other columns are those of the answer."""
OUR_SOURCE = word("matched_source")
OUR_WORDS = {"latitude": _words("matched_latitude"), "longitude": _words("matched_longitude")}
"""They hold the row's own coordinates where the source is `file`."""


def holds_city(header: str) -> bool:
    """Whether a city's word is among others: "home city", "HomeTown", "Ort der Geburt"; not "city_id"."""
    words = set(_NOT_LETTERS.split(key(display(_HUMP.sub(" ", _BRACKETS.sub("", header))))))
    if word(header) in OF_SOMETHING:
        return True
    return not words.isdisjoint(CITY) and words.isdisjoint((*VAGUE, *ABOUT_CITIES))
