"""Lists of cities that people find on the web are imported as their authors meant: each row has its own place."""

from typing import NamedTuple

import pytest

from tests.places.conftest import ImportFile

pytestmark = [
    pytest.mark.xdist_group("places"),
    pytest.mark.parametrize("redis_server", ["valkey"], indirect=True),
    pytest.mark.parametrize("known_places", ["sqlite", "postgres"], indirect=True),
    pytest.mark.parametrize("provider", ["openweather"], indirect=True),
    pytest.mark.usefixtures("redis_server", "known_places", "provider"),
]


class Found(NamedTuple):
    """`city`: the row as it is shown. Degrees, as the file gives them."""

    city: str
    name: str | None
    region: str | None
    country: str | None
    latitude: float
    longitude: float


WORLDCITIES = """\
"city","city_ascii","lat","lng","country","iso2","iso3","admin_name","capital","population","id"
"Tokyo","Tokyo","35.6897","139.6922","Japan","JP","JPN","Tōkyō","primary","37732000","1392685764"
"München","Munchen","48.1375","11.5750","Germany","DE","DEU","Bavaria","admin","1512491","1276692352"
"Springfield","Springfield","39.7709","-89.6540","United States","US","USA","Illinois","admin","1","2"
"Springfield","Springfield","37.1943","-93.2916","United States","US","USA","Missouri","","1","3"
"Richmond","Richmond","49.1667","-123.1333","Canada","CA","CAN","British Columbia","","1","4"
"Richmond","Richmond","37.9477","-122.3390","United States","US","USA","California","","1","5"
"Windhoek","Windhoek","-22.5700","17.0836","Namibia","NA","NAM","Khomas","primary","1","6"
"Alofi","Alofi","-19.0556","-169.9178","Niue","NU","NIU","","primary","597","7"
"""
US_CITIES = """\
"city","city_ascii","state_id","state_name","county_fips","county_name","lat","lng","population","density"
"New York","New York","NY","New York","36081","Queens","40.6943","-73.9249","18972871","10768.2"
"Portland","Portland","OR","Oregon","41051","Multnomah","45.5371","-122.6500","2036875","1876.3"
"Portland","Portland","ME","Maine","23005","Cumberland","43.6773","-70.2715","207000","1219.8"
"St. Louis","St. Louis","MO","Missouri","29510","St. Louis","38.6359","-90.2451","2156323","1863.5"
"Lyndon","Lyndon","KS","Kansas","20139","Osage","38.6088","-95.6846","1030","411.9"
"""
GEONAMES = """\
2988507\tParis\tParis\tParigi,"Paname\t48.85341\t2.3488\tP\tPPLC\tFR\t\t11\t75\t751\t75056\t2138551\t\t42\tEurope/Paris\t2024-01-01
4717560\tParis\tParis\t\t33.66094\t-95.55551\tP\tPPLA2\tUS\t\tTX\t277\t\t\t24699\t183\t182\tAmerica/Chicago\t2019-01-01
2800866\tBrussels\tBrussels\tBrüssel\t50.85045\t4.34878\tP\tPPLC\tBE\t\tBRU\tBRU\t\t\t1019022\t\t28\tEurope/Brussels\t2024-01-01
2859380\tOberammergau\tOberammergau\t\t47.59685\t11.06395\tP\tPPL\tDE\t\t02\t091\t09180\t09180125\t5334\t\t834\tEurope/Berlin\t2012-01-01
"""
OPENWEATHER = """\
id\tnm\tlat\tlon\tcountryCode
2643743\tLondon\t51.50853\t-0.12574\tGB
6058560\tLondon\t42.983391\t-81.23304\tCA
4409896\tSpringfield\t37.21533\t-93.298241\tUS
3143244\tOslo\t59.912731\t10.74609\tNO
"""
OPENWEATHER_WITH_STATES = """\
id,name,state,country,coord.lon,coord.lat
4250542,Springfield,IL,US,-89.643707,39.80172
4951788,Springfield,MA,US,-72.589813,42.101479
2950159,Berlin,,DE,13.41053,52.524368
"""

SHAPES = {
    "worldcities": (WORLDCITIES, [
        Found("Tokyo, Tōkyō, JP", "Tokyo", "Tokyo", "JP", 35.6897, 139.6922),
        Found("München, Bavaria, DE", "Munich", "Bavaria", "DE", 48.1375, 11.575),
        Found("Springfield, Illinois, US", "Springfield", "Illinois", "US", 39.7709, -89.654),
        Found("Springfield, Missouri, US", "Springfield", "Missouri", "US", 37.1943, -93.2916),
        Found("Richmond, British Columbia, CA", "Richmond", "British Columbia", "CA", 49.1667, -123.1333),
        Found("Richmond, California, US", "Richmond", "California", "US", 37.9477, -122.339),
        Found("Windhoek, Khomas, NA", "Windhoek", "Khomas", "NA", -22.57, 17.0836),
        Found("Alofi, NU", "Alofi", None, "NU", -19.0556, -169.9178),
    ]),
    "simplemaps_us": (US_CITIES, [
        Found("New York, New York", "New York City", "New York", "US", 40.6943, -73.9249),
        Found("Portland, Oregon", "Portland", "Oregon", "US", 45.5371, -122.65),
        Found("Portland, Maine", "Portland", "Maine", "US", 43.6773, -70.2715),
        Found("St. Louis, Missouri", "St. Louis", "Missouri", "US", 38.6359, -90.2451),
        Found("Lyndon, Kansas", None, None, None, 38.6088, -95.6846),
    ]),
    "geonames": (GEONAMES, [
        Found("Paris, FR", "Paris", "Île-de-France", "FR", 48.85341, 2.3488),
        Found("Paris, TX, US", "Paris", "Texas", "US", 33.66094, -95.55551),
        Found("Brussels, BE", "Brussels", "Brussels Capital", "BE", 50.85045, 4.34878),
        Found("Oberammergau, DE", None, None, None, 47.59685, 11.06395),
    ]),
    "openweather": (OPENWEATHER, [
        Found("London, GB", "London", "England", "GB", 51.50853, -0.12574),
        Found("London, CA", "London", "Ontario", "CA", 42.983391, -81.23304),
        Found("Springfield, US", "Springfield", "Missouri", "US", 37.21533, -93.298241),
        Found("Oslo, NO", "Oslo", "Oslo", "NO", 59.912731, 10.74609),
    ]),
    "openweather_with_states": (OPENWEATHER_WITH_STATES, [
        Found("Springfield, IL, US", "Springfield", "Illinois", "US", 39.80172, -89.643707),
        Found("Springfield, MA, US", "Springfield", "Massachusetts", "US", 42.101479, -72.589813),
        Found("Berlin, DE", "Berlin", "Berlin", "DE", 52.524368, 13.41053),
    ]),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_each_row_has_its_place_and_the_files_own_coordinates(import_file: ImportFile, shape: str) -> None:
    file, expected = SHAPES[shape]
    results = [result for _, result in sorted(import_file(file.encode()).items())]
    assert {result["status"] for result in results} == {"success"}
    assert {(result["matched"].pop("source"), result["ambiguous"]) for result in results} == {("file", 0)}
    assert [Found(result["city"], **result["matched"]) for result in results] == expected
