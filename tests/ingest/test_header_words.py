"""What people write above the columns beside the cities, each word by itself; and which of two regions is taken."""

from io import BytesIO

import pytest

from cityweather.ingest.chunks import Row
from cityweather.ingest.options import ReadOptions
from cityweather.ingest.spool import spool_upload

REGION = (
    "state", "State Name", "state_code", "state_id", "region", "region_name", "region code", "admin_name", "admin1",
    "admin1_name", "admin1_code", "province", "province_name", "province code", "county", "County Name", "department",
    "Bundesland", "Kanton", "canton", "région", "département", "departement", "región", "estado", "provincia",
    "departamento", "região", "província", "regione", "ST", "UF", "Prov.", "State/Province", "StateProvince", "Départ.",
    "Prefecture",
)  # fmt: skip
COUNTRY = (
    "country", "countries", "Country Name", "country_code", "country iso", "iso", "iso2", "iso3", "alpha-2", "alpha-3",
    "cc", "nation", "Land", "Länder", "Staat", "Ländercode", "Länderkürzel", "pays", "code pays", "país", "pais",
    "código país", "paese", "nazione", "codice paese",
)  # fmt: skip
COORDINATES = (
    ("latitude", "longitude"), ("lat", "lng"), ("lat", "lon"), ("lat", "long"), ("coord.lat", "coord.lon"),
    ("coord lat", "coord lng"), ("Breitengrad", "Längengrad"), ("Breite", "Länge"), ("geo_lat", "geo_lon"),
    ("geo lat", "geo lng"), ("latitud", "longitud"), ("latitudine", "longitudine"),
)  # fmt: skip

# The countries' and the regions' word in each language that has a word for cities.
LANGUAGES = (
    ("pl", "Miasto;Województwo;Państwo"), ("pl", "Miasto;Region;Kraj"), ("pl", "Miejscowość;Wojewodztwo;Nazwa kraju"),
    ("el", "Πόλη;Περιφέρεια;Χώρα"), ("el", "ΠΟΛΗ;ΝΟΜΟΣ;ΧΩΡΑ"), ("fi", "Kaupunki;Maakunta;Maa"),
    ("ro", "Oraș;Județ;Țară"), ("ro", "Localitate;Judet;Tara"), ("ro", "Oraş;Judeţ;Ţară"), ("th", "เมือง;จังหวัด;ประเทศ"),
    ("hi", "शहर;राज्य;देश"), ("vi", "Thành phố;Tỉnh;Quốc gia"), ("vi", "THANH PHO;TINH;QUOC GIA"),
    ("zh", "城市;省;国家"), ("zh", "城市;省份;國家"), ("zh", "城市;州;国"), ("ar", "المدينة;المحافظة;الدولة"),
    ("ar", "مدينة;ولاية;بلد"), ("he", "עיר;מחוז;מדינה"), ("he", "עיר;מחוז;ארץ"), ("fa", "شهر;استان;کشور"),
    ("hu", "Város;Megye;Ország"), ("bg", "Град;Област;Държава"), ("sr", "Град;Покрајина;Држава"),
    ("sr", "Mesto;Pokrajina;Drzava"), ("hr", "city;Županija;Država"), ("sl", "Mesto;Regija;Država"),
    ("cs", "Město;Kraj;Země"), ("cs", "Obec;Kraj;Stát"), ("sk", "Mesto;Kraj;Krajina"), ("sk", "Obec;Kraj;Štát"),
    ("uk", "Місто;Область;Країна"), ("uk", "Місто;Область;Держава"), ("ru", "Город;Область;Страна"),
    ("tr", "İlçe;İl;Ülke"), ("tr", "Şehir;Bölge;Ulke"), ("id", "Nama Kota;Provinsi;Negara"),
    ("ms", "Kota;Negeri;Negara"), ("ja", "都市;都道府県;国"), ("ja", "市区町村;県;国名"), ("ko", "도시;도;국가"),
    ("ko", "시;시도;나라"), ("sv", "Stad;Län;Land"), ("da", "By;Region;Land"), ("no", "By;Fylke;Land"),
    ("sv", "Stad;Delstat;Land"), ("nl", "Plaats;Provincie;Land"), ("nl", "Stad;Staat;Land"),
    ("et", "city;Maakond;Riik"), ("lv", "city;Reģions;Valsts"), ("lt", "city;Apskritis;Šalis"),
    ("ca", "Ciutat;Província;País"), ("fr", "Ville;État;Pays"), ("it", "Città;Provincia;Stato"),
    ("it", "Città;Stato;Paese"), ("es", "Ciudad;Comunidad Autónoma;País"),
    ("pt", "Cidade;UF;País"), ("de", "Stadt;Bundesland;Staat"),
)  # fmt: skip


def only_row(header: str, row: str) -> Row:
    file = BytesIO(f"{header}\n{row}\n".encode())
    with spool_upload(file, file_name="x.csv", options=ReadOptions()) as spool:
        (found,) = spool.rows()
        return found


@pytest.mark.parametrize("word", REGION)
def test_a_column_of_regions(word: str) -> None:
    assert only_row(f"city,{word}", "Lyon,Somewhere") == Row(2, "Lyon", region="Somewhere")


@pytest.mark.parametrize("word", COUNTRY)
def test_a_column_of_countries(word: str) -> None:
    assert only_row(f"city,{word}", "Lyon,FR") == Row(2, "Lyon", country="FR")


@pytest.mark.parametrize(("language", "header"), LANGUAGES)
def test_the_areas_are_known_in_the_languages_of_the_cities(language: str, header: str) -> None:
    assert only_row(header, "Lyon;Here;There") == Row(2, "Lyon", region="Here", country="There"), language


@pytest.mark.parametrize("header", ["city;kraj", "city;stat", "city;lan", "city;staat 2", "name;etat"])
def test_a_word_of_several_languages_means_nothing_by_itself(header: str) -> None:
    assert only_row(header, "Lyon;Somewhere") == Row(2, "Lyon")


@pytest.mark.parametrize(("north", "east"), COORDINATES)
def test_columns_of_coordinates(north: str, east: str) -> None:
    row = Row(2, "Lyon", latitude=45.5, longitude=-4.5)
    assert only_row(f"city,{north},{east}", "Lyon,45.5,-4.5") == row
    assert only_row(f"{east},city,{north}", "-4.5,Lyon,45.5") == row


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        ("Provincia", "Regione"), ("provincia", "región"), ("département", "région"), ("province", "region"),
        ("county", "state"), ("county_name", "state_id"), ("county", "admin1"), ("province", "admin_name"),
        ("county", "region code"), ("departamento", "estado"),
    ],
)  # fmt: skip
def test_of_two_regions_the_first_level_one_is_taken(smaller: str, larger: str) -> None:
    assert only_row(f"city,{smaller},{larger}", "Lyon,Small,Large") == Row(2, "Lyon", region="Large")
    assert only_row(f"city,{larger},{smaller}", "Lyon,Large,Small") == Row(2, "Lyon", region="Large")
