"""The names of cities in other languages that make_places adds to GeoNames'."""

from typing import Any

from cityweather_dev import make_places
from cityweather_dev.cldr import ExemplarCity

NEW_YORK = ExemplarCity(frozenset(("America/New_York", "US/Eastern")), "New York", ("纽约", "Nowy Jork"))


def city(
    number: int, name: str, *others: str, zone: str = "America/New_York", population: int = 10, country: str = "US"
) -> dict[str, Any]:
    return {
        "geonameid": number, "name": name, "alternatenames": list(others), "timezone": zone, "population": population,
        "countrycode": country,
    }  # fmt: skip


def test_the_largest_town_of_the_zone_that_is_called_so_gets_the_names() -> None:
    cities = [
        city(1, "New York", population=5),
        city(2, "New York City", "New York", population=9),
        city(3, "Philadelphia"),
        city(4, "New York", zone="America/Chicago"),
    ]
    assert make_places.names_in_other_languages(cities, [NEW_YORK]) == {2: NEW_YORK.names}


def test_a_zone_is_found_by_its_other_ids_and_a_town_without_its_accents() -> None:
    zurich = ExemplarCity(frozenset(("Europe/Zurich", "Europe/Busingen")), "Zurich", ("苏黎世",))
    cities = [city(1, "Zürich", zone="Europe/Busingen")]
    assert make_places.names_in_other_languages(cities, [zurich]) == {1: ("苏黎世",)}


def test_a_zone_without_such_a_town_is_skipped() -> None:
    canary = ExemplarCity(frozenset(("Atlantic/Canary",)), "Canary", ("加那利",))
    cities = [city(1, "Las Palmas", zone="Atlantic/Canary"), city(2, "Albany")]
    assert make_places.names_in_other_languages(cities, [canary, NEW_YORK]) == {}


def test_more_names_become_keys_as_geonames_names_do() -> None:
    town = city(1, "New York City", "NYP", "New York")
    assert make_places.other_keys(town, ("纽约", "Nowy Jork", "New York")) == ["new york", "nowy jork", "纽约"]


def test_a_capital_has_its_district_behind_its_name() -> None:
    assert make_places.other_keys(city(3469058, "Brasília")) == ["brasilia", "brasília d f", "brasília df"]


def test_a_town_loses_the_name_of_its_country_if_nobody_calls_it_so() -> None:
    assert make_places.other_keys(city(3617052, "Rivas", "Nicaragua", "Villa de Rivas")) == ["villa de rivas"]


def test_a_town_of_the_us_loses_its_former_names() -> None:
    westlake = city(1, "Westlake", "Dover", "West Lake", "Westlake City", "Вестлейк")
    assert make_places.other_keys(westlake) == ["west lake", "westlake city", "вестлейк"]
    assert make_places.other_keys({**westlake, "countrycode": "CA"})[0] == "dover"
    assert make_places.other_keys(city(1, "San Diego", "San Miguel", "San Dieg")) == ["san dieg"]


def test_a_word_that_is_no_name_is_dropped() -> None:
    assert make_places.other_keys(city(1, "Casablanca", "White House", "Dar el Beida", country="MA")) == [
        "dar el beida"
    ]


def test_the_larger_namesake_gets_the_names_that_only_a_town_of_the_new_world_has() -> None:
    usual = "华盛顿"
    washington = city(1, "Washington", population=30)
    utah = city(2, "Washington", usual, "Vashington", "华盛顿 华盛顿县", "华盛顿\uff0c犹他")
    assert make_places.names_of_namesakes([washington, utah]) == {1: [usual]}
    assert make_places.names_of_namesakes([{**washington, "population": 29}, utah]) == {}
    assert make_places.names_of_namesakes([washington, {**utah, "countrycode": "CN"}]) == {1: []}
    assert make_places.names_of_namesakes([washington, utah, city(3, "Huasheng", usual)]) == {1: []}


def test_and_those_with_a_word_such_as_city() -> None:
    austin, other = city(1, "Austin", population=30), city(2, "Austin", "City of Austin", "Austin City", "Austinville")
    assert make_places.names_of_namesakes([austin, other]) == {1: ["City of Austin", "Austin City"]}


def test_a_town_is_called_by_the_beginning_of_its_name() -> None:
    town = city(1, "Neustadt an der Donau", "Neustadt", "Neustadt an der D", "Noistadt", country="DE")
    assert make_places.short_forms(town) == ["neustadt"]
