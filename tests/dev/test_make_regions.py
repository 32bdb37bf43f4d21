"""What make_regions makes of the lines that it reads."""

from typing import Any

from cityweather_dev import make_regions

ROWS = [
    ("CD", "COD", "Democratic Republic of the Congo", "Zaire"),
    ("CG", "COG", "Republic of the Congo", ""),
    ("FR", "FRA", "France", "République française"),
    ("LA", "LAO", "Laos", ""),
]


def in_other_languages(**names: dict[str, str]) -> dict[str, list[str]]:
    return make_regions._in_other_languages(ROWS, names)


def test_countries_get_their_names_of_other_languages_in_order() -> None:
    found = in_other_languages(de={"FR": "Frankreich", "LA": "Laos"}, zh={"FR": "法国"}, cs={"FR": "Francie"})
    assert found["FR"] == ["Francie", "Frankreich", "法国"]
    assert found["LA"] == []


def test_each_country_has_its_name_in_its_own_languages_only() -> None:
    found = in_other_languages(br={"FR": "Bro-C\u2019hall", "LA": "Bro Laos"}, lo={"FR": "ຝຣັ່ງ", "LA": "ລາວ"})
    assert (found["FR"], found["LA"]) == (["Bro-C\u2019hall"], ["ລາວ"])


def test_names_that_are_there_already_or_of_two_countries_or_like_codes_are_left_out() -> None:
    found = in_other_languages(
        fr={"FR": "republique francaise", "CD": "Congo", "CG": "Congo"}, nl={"LA": "Lao"}, ja={"LA": "老"}
    )
    assert found == {"CD": [], "CG": [], "FR": [], "LA": ["老"]}


def test_the_names_that_people_write_for_a_region() -> None:
    assert make_regions._usual("US", "CA") == ["Calif", "Cal"]
    assert make_regions._usual("US", "WV") == ["W Va"]
    assert make_regions._usual("CA", "10") == ["Que"]
    assert make_regions._usual("FR", "84") == ["Auvergne", "Rhône-Alpes"]
    assert make_regions._usual("US", "99") == make_regions._usual("FR", "11") == []


def test_a_region_is_known_without_its_kind_unless_another_one_is_called_so() -> None:
    rows = [
        ("RU", "53", "NVS", "Novosibirskaya oblast'", "Novosibirsk Oblast"),
        ("RU", "47", "MOS", "Moskovskaya", "Moscow Oblast"),
        ("RU", "48", "MOW", "Moscow", ""),
        ("ZA", "03", "FS", "Free State", ""),
    ]
    assert [others for *_, others in make_regions._with_short_names(rows)] == [
        "Novosibirsk|Novosibirsk Oblast|Novosibirskaya", "Moscow Oblast", "", "",
    ]  # fmt: skip


def test_other_names_are_sorted_without_the_one_that_is_shown() -> None:
    assert make_regions._others(dict.fromkeys(["b", "", "a", "c"]), "b") == "a|c"


def line(name: str, iso: str, geonames: str, others: str, level: str = "1") -> str:
    return "\t".join([name, iso, geonames, "", "", others, level])


def regions(*lines: str, **english: str) -> list[tuple[Any, ...]]:
    known = {(country, code): name for key, name in english.items() for country, _, code in [key.partition("_")]}
    return list(make_regions._regions(list(lines), known))


def test_a_region_is_shown_by_its_english_name() -> None:
    row = line("Bayern", "DE-BY", "DE.02", "Bavaria|Baviera")
    assert regions(row, DE_02="Bavaria") == [("DE", "02", "BY", "Bavaria", "Baviera|Bayern|Freistaat Bayern")]
    assert regions(row) == [("DE", "02", "BY", "Bayern", "Bavaria|Baviera|Freistaat Bayern")]


def test_counties_and_what_geonames_does_not_know_are_no_regions() -> None:
    rows = (
        line("Upper Bavaria", "", "DE.02.091", ""),
        line("Alameda", "", "US.CA", "", "2"),
        line("X", "XX-X", "", ""),
    )
    assert regions(*rows) == []


def test_a_region_that_only_the_places_name_has_no_other_names() -> None:
    assert regions(KP_25="Rason") == [("KP", "25", "", "Rason", "")]
