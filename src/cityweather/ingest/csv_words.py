"""What headers are called. A header counts without case, accents, punctuation, brackets and what follows a slash."""

import re

from cityweather.places.names import display, key, without_accents

_BRACKETS = re.compile(r"\([^()]*\)|\[[^][]*\]")
_HUMP = re.compile("(?<=[a-z])(?=[A-Z])")
_NOT_LETTERS = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"^\d+[.)] ")
_OR = re.compile(r"/| or ", re.IGNORECASE)


def plain(text: str) -> str:
    """Letters and digits of a header only: "City_Name" and "city name:" are alike."""
    return _NOT_LETTERS.sub("", key(display(text)))


def word(header: str) -> str:
    """The same without accents and what only explains it: "1. City/Town (English)" is "city"."""
    text = _OR.split(_BRACKETS.sub("", _NUMBER.sub("", display(header))), maxsplit=1)[0]
    return without_accents(plain(text) or plain(header))


def _words(*headers: str) -> tuple[str, ...]:
    return tuple(map(word, headers))


def _english(*nouns: str) -> tuple[str, ...]:
    shapes = ("{}", "{} name", "{} names", "name of {}", "names of {}", "{} list", "list of {}")
    return tuple(shape.format(noun) for noun in nouns for shape in shapes)


NAME = "name"
_VAGUE = (*_english("place", "places", "location", "locations"), "plaats", "地名", NAME, "names", "nm")
# Best first: with `name` and `town` the city is in `town`.
_CITY = (
    *_english("city", "cities"), "the city", "city ascii",
    "ciudad", "ciudades", "ciutat", "ciutats", "cidade", "cidades", "ville", "villes", "cité", "cités", "città",
    "stadt", "städte", "staedte", "stad", "steden", "byer", "byen", "by navn", "kaupunki", "miasto", "miasta",
    "miejscowość", "miejscowości", "město", "mesto", "город", "города", "місто", "град", "населённый пункт",
    "πόλη", "şehir", "şehirler", "thành phố", "oraș", "localitate", "város", "城市", "都市", "都市名",
    "市区町村", "市町村", "市", "市名", "도시", "도시명", "시", "เมือง", "शहर", "مدينة", "المدينة", "المدن", "شهر",
    "עיר", "ערים", "kota", "nama kota", "by",
    *_english("town", "towns"),
    "ort", "ortschaft", "gemeinde", "municipality", "municipio", "município", "comune", "commune", "gemeente",
    "kommune", "kommun", "obec", "localidad", "localidade", "locality", "settlement", "ortsname", "stadtname",
    "nom ville", "nom de la ville", "nom commune", "localité", "località", "ilçe", "il",
    *_english("village", "villages", "suburb", "suburbs"), "vila", "vilas",
    *_VAGUE, "asciiname",
    *_english("capital", "capitals", "capital city", "capital cities"), "población",
)  # fmt: skip
CITY, VAGUE = _words(*_CITY), _words(*_VAGUE)
"""Headers of cities, and those among them that may stand above something else."""
# Codes before names: a code has one spelling.
COUNTRY = _words(
    "country code", "country iso", "country iso2", "country iso3", "iso country code", "iso2", "alpha 2", "iso", "cc",
    "iso3", "alpha 3", "ländercode", "länderkürzel", "code pays", "código país", "código de país", "codi país",
    "codice paese", "landcode", "landkod", "landekode", "maakoodi", "riigikood", "valsts kods", "šalies kodas",
    "kod kraju", "kód země", "kód krajiny", "kod države", "cod țară", "országkód", "код страны", "код країни",
    "код на държава", "ülke kodu", "kode negara", "mã quốc gia", "国家代码", "國家代碼", "国コード", "国家コード",
    "국가 코드", "رمز الدولة", "کد کشور", "country", "countries", "country name", "nation", "land", "länder", "laender",
    "staat", "pays", "nom pays", "nom du pays", "país", "països", "nombre país", "nome país", "paese", "nazione",
    "landnavn", "landnamn", "maa", "riik", "valsts", "šalis", "państwo", "państwa", "nazwa kraju", "země", "krajina",
    "ország", "ország neve", "țară", "država", "држава", "државе", "държава", "страна", "страны", "государство",
    "країна", "держава", "χώρα", "ülke", "ülkeler", "negara", "nama negara", "quốc gia", "tên nước",
    "ประเทศ", "देश", "国", "國", "国家", "國家", "国名", "國名", "国家名称", "國家名稱", "国家名", "국가", "국가명",
    "나라", "دولة", "الدولة", "بلد", "البلد", "کشور", "كشور", "نام کشور", "ארץ", "מדינה", "מדינות",
)  # fmt: skip
# First-level regions before provinces and counties, which lie within them in many countries and are then unknown.
# Of each, names before codes: of most countries no one knows which codes a file uses.
REGION = _words(
    "state name", "admin name", "admin1 name", "region name", "state", "state province", "us state", "federal state",
    "autonomous community", "bundesland", "kanton", "canton", "estado", "comunidad autónoma", "comunitat autònoma",
    "region", "région", "regione", "região", "regija", "regionas", "reģions", "regiune", "regio",
    "delstat", "deelstaat", "osavaltio", "fylke", "maakunta", "maakond", "apskritis", "voivodeship", "województwo",
    "pokrajina", "покрајина", "županija", "megye", "vármegye", "județ", "il", "bölge", "eyalet", "oblast", "область",
    "област", "край", "регион", "регіон", "субъект", "субъект рф", "περιφέρεια", "νομός", "tỉnh", "tỉnh thành",
    "tiểu bang", "จังหวัด", "รัฐ", "राज्य", "都道府県", "都道府県名", "県", "省", "省份", "省市", "州", "시도",
    "시도명", "도", "محافظة", "المحافظة", "ولاية", "الولاية", "منطقة", "المنطقة", "استان", "מחוז", "state code",
    "state id", "state abbreviation", "state abbr", "region code", "admin1 code", "admin1", "province name", "province",
    "provincia", "província", "provincie", "provinsi", "negeri", "prov", "province code", "uf", "sigla uf", "st",
    "département", "départ", "departamento", "department", "prefecture", "governorate", "county", "county name",
)  # fmt: skip
DEPARTMENT = "department"  # of a company, beside persons
_POLISH, _CZECH = _words("miasto", "miasta", "miejscowość"), _words("město", "mesto", "obec", "název", "názov")
BESIDE = (
    ("kraj", "country", _POLISH),
    ("kraj", "region", _CZECH),
    ("stat", "country", _CZECH),
    ("stat", "region", _words("by", "stad", "oraș", "localitate", "land")),
    ("lan", "region", _words("stad", "ort", "kommun")),
    ("staat", "region", _words("land")),
    ("stato", "region", _words("paese", "nazione")),
    ("stato", "country", _words("città", "comune", "località")),
    ("etat", "region", _words("pays")),
)
"""(header, part, others): the header means this part if one of the others stands beside it. Its language tells."""
LATITUDE = _words(
    "latitude", "lat", "coord lat", "breitengrad", "breite", "geo lat", "latitud", "latitudine", "breedtegraad",
    "breddgrad", "breddegrad", "leveysaste", "laiuskraad", "ģeogrāfiskais platums", "platuma", "szerokość geograficzna",
    "zeměpisná šířka", "zemepisná šírka", "zemljepisna širina", "zemljopisna širina", "geografska širina",
    "географска ширина", "földrajzi szélesség", "szélességi fok", "широта", "γεωγραφικό πλάτος", "enlem", "lintang",
    "garis lintang", "vĩ độ", "ละติจูด", "अक्षांश", "纬度", "緯度", "위도", "خط العرض", "دائرة العرض",
    "عرض جغرافیایی", "קו רוחב",
)  # fmt: skip
LONGITUDE = _words(
    "longitude", "lon", "lng", "long", "coord lon", "coord lng", "längengrad", "laengengrad", "länge", "laenge",
    "geo lon", "geo lng", "longitud", "longitudine", "lengtegraad", "längdgrad", "længdegrad", "lengdegrad",
    "pituusaste", "pikkuskraad", "ģeogrāfiskais garums", "ilguma", "długość geograficzna", "zeměpisná délka",
    "zemepisná dĺžka", "zemljepisna dolžina", "zemljopisna dužina", "geografska dužina", "географска дужина",
    "географска дължина", "földrajzi hosszúság", "hosszúsági fok", "долгота", "довгота", "γεωγραφικό μήκος", "boylam",
    "bujur", "garis bujur", "kinh độ", "ลองจิจูด", "देशांतर", "रेखांश", "经度", "經度", "経度", "경도", "خط الطول",
    "طول جغرافیایی", "קו אורך",
)  # fmt: skip
OTHERS = _words(
    "id", "nr", "no", "rank", "population", "pop", "district", "admin", "zip", "zip code", "postcode", "postal code",
    "plz", "postleitzahl", "code postal", "código postal", "timezone", "continent",
)  # fmt: skip
KNOWN = frozenset((*CITY, *COUNTRY, *REGION, *LATITUDE, *LONGITUDE, *OTHERS)).union(header for header, *_ in BESIDE)
STARTS = KNOWN.union(_CITY, (text.replace(" ", "_") for text in _CITY))
"""Where a row has none of them, it is no header. A quick test for millions of rows."""
LARGE_TOWNS = frozenset(_words("kota", "by", "il", "oras", "poblacion", "vila", "المدينة"))
"""They are large towns, too. Alone on the first line they are asked about, except where their accents tell."""
_NO_TOWNS = frozenset(map(plain, ("oraș", "oraş", "población")))
AREAS_AND_TOWNS = frozenset(_words("canton", "lander", "negara", "paese", "țară", "χώρα"))
"""Headers of areas that are large towns, too."""
SURE = frozenset(CITY).difference(
    VAGUE, LARGE_TOWNS, _words("ville", "villes", "ort", "cité", "ciutat", "város", "the city")
)
"""No town is called so. Below a title or rows, a header that stands alone on its line can only be one of these."""
CITIES = frozenset(CITY) - LARGE_TOWNS
_OF_NAMES = frozenset(_words("départ", "megye", "나라"))  # "ville de départ", and Nara with a word for city behind it
ABOUT_CITIES = (KNOWN - set(CITY) - _OF_NAMES) | {"code", "type"}
OF_SOMETHING = frozenset(
    _words(
        "hometown", "homecity", "birthplace", "workplace", "wohnort", "wohnstadt", "geburtsort", "heimatort",
        "heimatstadt", "arbeitsort", "dienstort", "woonplaats", "geboorteplaats", "capital", "población",
    )
)  # fmt: skip
"""Cities of something, each in one word. Beside one of these, `name` may be the name of a person or a country."""
PERSON = frozenset(
    _words(
        "email", "e-mail", "mail", "email address", "e-mail address", "correo", "courriel", "phone", "telephone",
        "phone number", "telephone number", "tel", "tel no", "telefon", "telefono", "telefone", "mobile",
        "mobile number", "mobile phone", "mobil", "handy", "cell", "cell phone", "fax", "first name", "last name",
        "middle name", "given name", "family name", "full name", "surname", "vorname", "nachname", "familienname",
        "prénom", "nom de famille", "apellido", "apellidos", "sobrenome", "cognome", "imię", "nazwisko",
        "user", "username", "user name", "login", "nickname", "company", "firma", "organization", "organisation",
        "employer", "employee", "employee id", "customer", "customer id", DEPARTMENT, "job", "job title", "role",
        "position", "salary", "occupation", "profession", "beruf", "age", "alter", "edad", "âge", "gender", "sex",
        "sexe", "geschlecht", "birthday", "birth date", "birthdate", "date of birth", "year of birth", "dob",
        "geburtsdatum", "geburtstag", "date de naissance", "fecha de nacimiento", "nationality", "nationalität",
        "nationalité", "nacionalidad", "marital status", "address", "home address", "street", "street address",
        "adresse", "anschrift", "straße", "dirección", "endereço", "indirizzo", "adres", "brand", "product", "sku",
        "isbn", "author",
    )
)  # fmt: skip
"""Only persons or things have them: beside one of these, `name` is the name of one."""
NO_CITIES = (KNOWN - set(CITY)) | PERSON | {"code", "type"}
"""Headers of something else than cities."""
OUR_RESULTS = word("last_refreshed_at")
"""A column of our own downloads, whose `city` is the whole name and whose other columns are those of the answer."""
OUR_SOURCE = word("matched_source")
OUR_WORDS = {"latitude": _words("matched_latitude"), "longitude": _words("matched_longitude")}
"""They hold the row's own coordinates where the source is `file`."""


def holds_city(header: str) -> bool:
    """Whether a city's word is among others: "home city", "HomeTown", "Ort der Geburt"; not "city_id"."""
    found = set(words_in(_HUMP.sub(" ", _BRACKETS.sub("", header))))
    if word(header) in OF_SOMETHING:
        return True
    return not found.isdisjoint(CITIES) and found.isdisjoint((*VAGUE, *ABOUT_CITIES))


def is_large_town(header: str) -> bool:
    return word(header) in LARGE_TOWNS and plain(header) not in _NO_TOWNS


def words_in(text: str) -> list[str]:
    return without_accents(" ".join(_NOT_LETTERS.split(key(display(text))))).split()


def is_header(text: str) -> bool:
    """Whether the text is a whole header in one cell: "city,country", "id  city"."""
    found = set(words_in(text))
    return len(found) > 1 and found <= ABOUT_CITIES.union(CITY) and not found.isdisjoint(CITIES)
