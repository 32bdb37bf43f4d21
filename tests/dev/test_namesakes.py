"""Which small towns make_places adds to the gazetteer."""

import pytest

from cityweather.places.packed import PackedPlace
from cityweather_dev.namesakes import namesakes

FATSA = PackedPlace(1, "Fatsa", "TR", "52", 41.0, 37.5, 80_000, ["side"])
SIDE = PackedPlace(2, "Side", "TR", "07", 36.8, 31.4, 10_000, [])


def added(*small: PackedPlace, large: tuple[PackedPlace, ...] = (FATSA,)) -> list[PackedPlace]:
    return list(namesakes(large, small))


def test_a_small_town_is_added_whose_name_would_silently_mean_a_larger_one() -> None:
    assert added(SIDE) == [SIDE]


def test_a_town_has_at_least_a_tenth_of_the_people_if_both_are_called_so() -> None:
    fatsa = FATSA._replace(name="Side")
    assert added(SIDE._replace(population=8_000), large=(fatsa,)) != []
    assert added(SIDE._replace(population=7_999), large=(fatsa,)) == []
    louis, st_louis = SIDE._replace(name="Saint Louis"), FATSA._replace(name="St. Louis", other_keys=["saint louis"])
    assert added(louis._replace(population=7_999), large=(st_louis,)) == []


def test_it_has_at_least_a_tenth_of_the_people_if_neither_is_called_so() -> None:
    sidon = SIDE._replace(name="Sidon", other_keys=["side"])
    assert added(sidon._replace(population=8_000)) != []
    assert added(sidon._replace(population=7_999)) == []


def test_it_has_at_least_a_hundredth_of_the_people_if_it_alone_is_called_so() -> None:
    abroad = SIDE._replace(country="GR")
    assert added(abroad._replace(population=800)) != []
    assert added(abroad._replace(population=799)) == []


def test_in_the_country_that_is_named_it_may_have_any_number_of_people_if_it_alone_is_called_so() -> None:
    assert added(SIDE._replace(population=0)) != []
    assert added(SIDE._replace(region_code="52", population=0)) != []


def test_a_town_of_any_size_is_added_if_the_other_one_lies_overseas() -> None:
    overseas = FATSA._replace(name="Side", country="RE")
    assert added(SIDE._replace(country="FR", population=0), large=(overseas,)) != []
    assert added(SIDE._replace(country="RE", population=0), large=(overseas._replace(country="FR"),)) == []


def test_a_town_of_any_size_is_added_if_a_code_means_its_region_and_the_country_of_the_other_one() -> None:
    india = FATSA._replace(name="Side", country="IN")
    assert added(SIDE._replace(country="US", region_code="IN", population=0), large=(india,)) != []
    assert added(SIDE._replace(country="US", region_code="OH", population=0), large=(india,)) == []


def test_with_a_small_town_the_larger_ones_of_that_name_in_its_country_are_added() -> None:
    ontario = FATSA._replace(name="London", country="CA", other_keys=[])
    california = SIDE._replace(name="London", country="US", region_code="CA", population=200)
    ohio = california._replace(region_code="OH", population=300)
    texas = california._replace(region_code="TX", population=100)
    assert added(ohio, california, texas, large=(ontario,)) == [ohio, california]
    assert added(ohio, texas, large=(ontario,)) == []


def test_a_name_that_means_several_large_places_is_said_to_be_ambiguous_in_any_case() -> None:
    other = FATSA._replace(geonames_id=3, name="Sidon", country="LB")
    assert added(SIDE._replace(country="GR"), large=(FATSA, other)) == []
    assert added(SIDE, large=(FATSA, other)) == [SIDE]  # in its own country it is not


def test_a_suburb_of_the_larger_one_is_not_added() -> None:
    assert added(SIDE._replace(latitude=41.2, longitude=37.6)) == []


@pytest.mark.parametrize("small", [SIDE._replace(name="Sidon"), SIDE._replace(name="Jordan", other_keys=["side"])])
def test_a_town_of_another_name_or_of_a_countrys_is_not_added(small: PackedPlace) -> None:
    assert added(small) == []
