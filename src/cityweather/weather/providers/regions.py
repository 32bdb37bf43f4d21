"""Names with a region or a country behind commas: "Paris,FR", "Denver, CO", "Springfield,IL,US".

A geocoder wants the parts apart, and a code may mean two things: CO is Colorado and Colombia. So a name is asked for in
several ways, one after the other, until a result lies where the name says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_COUNTRIES = (  # ISO 3166-1
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA "
    "CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA "
    "GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP "
    "KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS "
    "MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS "
    "RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW "
    "TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
COUNTRIES = frozenset(_COUNTRIES.split())

# The codes of regions that people write without a country, and the names that GeoNames has for them.
_REGIONS = {
    "US": (
        "AL Alabama;AK Alaska;AZ Arizona;AR Arkansas;CA California;CO Colorado;CT Connecticut;DE Delaware;FL Florida;"
        "GA Georgia;HI Hawaii;ID Idaho;IL Illinois;IN Indiana;IA Iowa;KS Kansas;KY Kentucky;LA Louisiana;ME Maine;"
        "MD Maryland;MA Massachusetts;MI Michigan;MN Minnesota;MS Mississippi;MO Missouri;MT Montana;NE Nebraska;"
        "NV Nevada;NH New Hampshire;NJ New Jersey;NM New Mexico;NY New York;NC North Carolina;ND North Dakota;OH Ohio;"
        "OK Oklahoma;OR Oregon;PA Pennsylvania;RI Rhode Island;SC South Carolina;SD South Dakota;TN Tennessee;TX Texas;"
        "UT Utah;VT Vermont;VA Virginia;WA Washington;WV West Virginia;WI Wisconsin;WY Wyoming;"
        "DC District of Columbia;DC Washington, D.C."
    ),
    "CA": (
        "AB Alberta;BC British Columbia;MB Manitoba;NB New Brunswick;NL Newfoundland and Labrador;NS Nova Scotia;"
        "NT Northwest Territories;NU Nunavut;ON Ontario;PE Prince Edward Island;QC Quebec;SK Saskatchewan;YT Yukon"
    ),
    "AU": (
        "ACT Australian Capital Territory;NSW New South Wales;NT Northern Territory;QLD Queensland;SA South Australia;"
        "TAS Tasmania;VIC Victoria;WA Western Australia"
    ),
}


@dataclass(frozen=True, slots=True)
class Area:
    """Where a result must lie: the country's code, and the region's name casefolded; None: anywhere in it."""

    country: str
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """One way of asking. `country` limits the search; a result must lie in one of `areas`, if there are any."""

    text: str
    country: str | None = None
    areas: tuple[Area, ...] = ()


def fits(result: Mapping[str, Any], areas: tuple[Area, ...]) -> bool:
    """`result`: country_code and admin1 as Open-Meteo has them; a region that is missing there is no contradiction."""
    country, region = str(result.get("country_code", "")).upper(), str(result.get("admin1") or "").casefold()
    return not areas or any(
        area.country == country and (area.region is None or not region or area.region == region) for area in areas
    )


@lru_cache(maxsize=2000)
def queries(name: str) -> tuple[Query, ...]:
    """The ways of asking for a name, the best first; at least one."""
    head, _, last = (part.strip() for part in name.rpartition(","))
    code = last.upper()
    regions = _regions(code)
    if not head or not (regions or code in COUNTRIES):
        return (Query(name),)
    city, comma, region = (part.strip() for part in head.rpartition(","))
    if code in COUNTRIES and comma and city and region:
        return _in_region(city, region, code)
    country = Query(head, code, (Area(code),))
    if not regions:
        return (country,)
    apart, whole = Query(head, None, regions), Query(name, None, regions)
    if code in COUNTRIES:
        return Query(head, None, (*regions, Area(code))), country, whole
    return apart, whole


def _in_region(city: str, region: str, country: str) -> tuple[Query, ...]:
    """A region's code is certain. Its name may be in another language than the results': then the geocoder decides."""
    known = tuple(area for area in _regions(region.upper()) if area.country == country)
    areas = known or (Area(country, region.casefold()),)
    return Query(city, country, areas), Query(f"{city}, {region}", country, known or (Area(country),))


def _regions(code: str) -> tuple[Area, ...]:
    pairs = [(country, *entry.split(" ", 1)) for country, text in _REGIONS.items() for entry in text.split(";")]
    return tuple(Area(country, region.casefold()) for country, known, region in pairs if known == code)
