"""What every provider is to the rest: cities in, a request out; an answer in, weather out. No I/O here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from cityweather import __version__
from cityweather.errors import WeatherError

HEADERS = {"User-Agent": f"CityWeather+/{__version__}", "Accept": "application/json"}  # of every request
CONNECT_TIMEOUT = 3.0  # seconds, as the others; both transports keep to these
READ_TIMEOUT = 5.0  # of silence
TOTAL_TIMEOUT = 8.0
LARGEST_BODY = 1_000_000  # bytes; 200 places of Open-Meteo take 80,000

MONTH = 2_592_000  # the `seconds` of a Window that is a calendar month


@dataclass(frozen=True, slots=True)
class Place:
    """A city as a provider is asked for it. Degrees; both None until it was geocoded.

    `known_as` and `country` are the geocoder's. `misses`: how many ways of asking it found nothing so far.
    """

    name: str
    latitude: float | None = None
    longitude: float | None = None
    known_as: str | None = None
    country: str | None = None
    misses: int = 0

    @property
    def located(self) -> bool:
        return self.latitude is not None and self.longitude is not None


@dataclass(frozen=True, slots=True)
class Weather:
    """One observation. °C, %, m/s, degrees; `observed_at` in Unix seconds. None: missing in the answer."""

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

    def pack(self) -> list[Any]:
        """The fields in order, for the cache and the stream: names would cost more bytes than the values."""
        return [
            self.temperature, self.condition, self.humidity, self.observed_at, self.feels_like, self.description,
            self.wind_speed, self.latitude, self.longitude, self.name, self.country,
        ]  # fmt: skip

    @classmethod
    def unpack(cls, fields: Sequence[Any]) -> "Weather":
        return cls(*fields)


@dataclass(frozen=True, slots=True)
class Request:
    """A GET. `url` may hold the provider's key, so it never shows in a repr, a log or an error."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """`headers` have lower-case names; `body` is bounded by the transport."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Window:
    """`limit` requests (cities) in `seconds`: 60, 3600, 86400 or MONTH."""

    name: str
    seconds: int
    limit: int


class Geocoder(Protocol):
    """Finds coordinates, one place a request."""

    def request(self, place: Place) -> Request: ...

    def parse(self, place: Place, response: Response) -> Place:
        """The place with coordinates, or, when it is worth asking in another way, with one miss more.

        Raises WeatherError (UnknownCity when there is none).
        """
        ...


class Provider(Protocol):
    """One weather service. Raised errors concern the whole request; returned ones a single city."""

    name: str
    per_request: int  # places one request may hold
    windows: tuple[Window, ...]
    concurrency: int | None  # requests at once, over all our processes; None: it states no cap
    geocoder: Geocoder | None  # None: it finds cities by name
    refusal: str  # the sentence for operators when it refuses our key

    def request(self, places: Sequence[Place]) -> Request: ...

    def parse(self, places: Sequence[Place], response: Response) -> "list[Weather | WeatherError]":
        """One answer a place, in order. Raises WeatherError for what concerns them all."""
        ...
