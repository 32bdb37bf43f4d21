"""What every provider is to the rest: cities in, a request out; an answer in, weather out. No I/O here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from cityweather import __version__
from cityweather.errors import WeatherError

HEADERS = {"User-Agent": f"CityWeather+/{__version__}", "Accept": "application/json"}  # of every request
CONNECT_TIMEOUT = 3.0  # seconds, as the others; both transports keep to these
READ_TIMEOUT = 5.0  # of silence
TOTAL_TIMEOUT = 8.0
LARGEST_BODY = 1_000_000  # bytes; 200 places of Open-Meteo take 80,000

MONTH = 2_592_000  # the `seconds` of a quota window that is a calendar month


@dataclass(frozen=True, slots=True)
class Hit:
    """A place as a geocoder lists it. Degrees; `country`: ISO 3166-1 alpha-2; empty or 0: not in the answer."""

    name: str
    latitude: float
    longitude: float
    country: str = ""
    region: str = ""
    population: int = 0
    other_names: tuple[str, ...] = ()


class AskedPlace(NamedTuple):
    """A city as a provider is asked for it. Degrees; both None until it was geocoded.

    `name`: that of its City, with its areas behind commas. `known_as`, `region` and `country` are the geocoder's.
    `ambiguous`: how many other places it found that fit as well. `fits`: the place itself, then these
    others, the likeliest first; empty where there are none, and where only their number was kept.
    """

    name: str
    latitude: float | None = None
    longitude: float | None = None
    known_as: str | None = None
    region: str | None = None
    country: str | None = None
    ambiguous: int = 0
    fits: tuple[Hit, ...] = ()

    @property
    def located(self) -> bool:
        return self.latitude is not None and self.longitude is not None


OBSERVED = 7  # fields of a Weather that were observed; the others are its place


class Weather(NamedTuple):
    """One observation. °C, %, m/s, degrees; `observed_at` in Unix seconds. None: missing in the answer.

    The last five fields are its place. They are the place's that was asked for, never the provider's: a provider
    names the nearest station, or the middle of its model's cell.
    """

    temperature: float | None
    condition: str | None
    humidity: int | None
    observed_at: int | None
    feels_like: float | None = None
    description: str | None = None
    wind_speed: float | None = None
    latitude: float | None = None
    longitude: float | None = None
    name: str | None = None
    country: str | None = None
    region: str | None = None

    def pack(self) -> list[Any]:
        """The observation without its place, for the cache: many names may share it."""
        return list(self[:OBSERVED])

    @classmethod
    def unpack(cls, fields: Sequence[Any]) -> "Weather":
        """From pack(), or from packed_at()."""
        return cls(*fields)


def packed_at(place: AskedPlace, observation: Sequence[Any]) -> list[Any]:
    """All fields of a Weather in order, for the stream: names would cost more bytes than the values."""
    return [*observation, place.latitude, place.longitude, place.known_as, place.country, place.region]


@dataclass(frozen=True, slots=True)
class Request:
    """A GET. `url` may hold the provider's key, so it never shows in a repr, a log or an error."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Response(NamedTuple):
    """`headers` have lower-case names; `body` is bounded by the transport."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class QuotaWindow:
    """`limit` requests (cities) in `seconds`: 60, 3600, 86400 or MONTH."""

    name: str
    seconds: int
    limit: int


class Geocoder(Protocol):
    """Finds coordinates, one place a request."""

    def request(self, place: AskedPlace) -> Request: ...

    def parse(self, place: AskedPlace, response: Response) -> AskedPlace:
        """The place with coordinates. Raises WeatherError, UnknownCity when there is none."""
        ...


class Provider(Protocol):
    """One weather service. Raised errors concern the whole request; returned ones a single city."""

    name: str
    per_request: int  # places one request may hold
    windows: tuple[QuotaWindow, ...]
    concurrency: int | None  # requests at once, over all our processes; None: it states no cap
    geocoder: Geocoder
    refusal: str  # the sentence for operators when it refuses our key

    def request(self, places: Sequence[AskedPlace]) -> Request:
        """For the weather at their coordinates."""
        ...

    def parse(self, places: Sequence[AskedPlace], response: Response) -> "list[Weather | WeatherError]":
        """One answer a place, in order. Raises WeatherError for what concerns them all."""
        ...
