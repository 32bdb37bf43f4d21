"""The city whose answer tells whether the provider is out: a probe asks for it."""

from cityweather.weather.providers.base import Place

LONDON = Place("London", 51.5074, -0.1278)


class KnownGood:
    """It may be the one that fails: every second probe then asks for another."""

    def __init__(self) -> None:
        self.place = LONDON
        self._failed = 0

    @property
    def in_doubt(self) -> bool:
        return self._failed % 2 == 1

    def failed(self) -> None:
        self._failed += 1

    def answered(self) -> None:
        self._failed = 0
