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
    "departamento", "região", "província", "regione",
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
