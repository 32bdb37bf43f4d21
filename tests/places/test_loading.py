"""`cityweather load_places`: whole, again, another file, and what is no such file."""

import io
import lzma
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from pytest_django.fixtures import Settings

from cityweather.models import Place, PlaceName
from cityweather.places import loader, names, packed
from cityweather.places.packed import PackedPlace
from cityweather_dev import make_places

PARIS = PackedPlace(2988507, "Paris", "FR", "11", 48.85341, 2.3488, 2_138_551, ["lutetia", "parigi"])
SAINT_ETIENNE = PackedPlace(3031137, "Saint-Étienne", "FR", "84", 45.43389, 4.39, 176_280, [])


def load(file: Path, *options: str) -> str:
    output = io.StringIO()
    call_command("load_places", str(file), *options, stdout=output)
    return output.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    packed.write(tmp_path / "places.tsv.xz", [PARIS, SAINT_ETIENNE])
    return tmp_path / "places.tsv.xz"


@pytest.mark.usefixtures("database")
def test_places_get_their_regions_and_all_their_names(file: Path) -> None:
    assert load(file) == "2 places loaded. GeoNames, CC BY 4.0\n"
    paris = Place.objects.get(geonames_id=2988507)
    assert (paris.title, paris.region_name, paris.country, paris.population) == (
        "Paris, FR", "Île-de-France", "FR", 2138551,
    )  # fmt: skip
    assert set(PlaceName.objects.filter(place=paris).values_list("key", "own")) == {
        ("paris", True), ("parigi", False), ("lutetia", False),
    }  # fmt: skip
    assert set(PlaceName.objects.exclude(place=paris).values_list("key", "own")) == {
        ("saint-étienne", True), ("saint-etienne", True), ("st étienne", True), ("st etienne", True),
    }  # fmt: skip


@pytest.mark.usefixtures("database")
def test_a_file_is_loaded_once(file: Path) -> None:
    load(file)
    first = set(PlaceName.objects.values_list("id", flat=True))
    assert load(file) == "2 places loaded already. GeoNames, CC BY 4.0\n"
    assert set(PlaceName.objects.values_list("id", flat=True)) == first
    load(file, "--again")
    assert set(PlaceName.objects.values_list("id", flat=True)).isdisjoint(first)
    assert Place.objects.count() == 2


@pytest.mark.usefixtures("database")
def test_the_settings_may_name_the_file(file: Path, settings: Settings) -> None:
    settings.PLACES_FILE = str(file)
    call_command("load_places", verbosity=0)
    assert Place.objects.count() == 2


@pytest.mark.usefixtures("database")
def test_another_file_replaces_the_places(file: Path, tmp_path: Path) -> None:
    load(file)
    other = tmp_path / "other.tsv.xz"
    packed.write(other, [PARIS._replace(population=7, other_keys=["parys"])])
    load(other)
    assert list(Place.objects.values_list("geonames_id", "population")) == [(2988507, 7)]
    assert set(PlaceName.objects.values_list("key", flat=True)) == {"paris", "parys"}


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("content", [b"city\nParis\n", lzma.compress(b"1\tParis\n"), lzma.compress(b"a\t" * 8)])
def test_no_gazetteer_is_refused_and_the_places_stay(file: Path, tmp_path: Path, content: bytes) -> None:
    load(file)
    bad = tmp_path / "bad.xz"
    bad.write_bytes(content)
    with pytest.raises(CommandError, match=r"bad\.xz is not a packed gazetteer: "):
        load(bad)
    assert Place.objects.count() == 2


@pytest.mark.usefixtures("database")
def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nowhere"):
        load(tmp_path / "nowhere")


@pytest.mark.usefixtures("database")
def test_a_load_that_breaks_off_changes_nothing(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(file)
    other = tmp_path / "other.tsv.xz"
    packed.write(other, [PARIS._replace(geonames_id=number) for number in range(1, 6)])

    def failing(_: packed.PackedPlace) -> dict[str, bool]:
        raise DatabaseError

    monkeypatch.setattr(PackedPlace, "keys", failing)
    with pytest.raises(DatabaseError):
        loader.load(other)
    assert set(Place.objects.values_list("geonames_id", flat=True)) == {2988507, 3031137}
    assert PlaceName.objects.count() == 7
    monkeypatch.undo()
    assert loader.load(other) == (5, True)


@pytest.fixture(scope="module")
def shipped() -> list[PackedPlace]:
    return list(packed.read(packed.SHIPPED))


def test_the_shipped_file_holds_the_towns_of_15_000_people_and_small_namesakes(shipped: list[PackedPlace]) -> None:
    assert len(shipped) > 39_000
    assert 5_500 < sum(place.population < 15_000 for place in shipped) < 6_500
    assert len({place.country for place in shipped}) > 240
    assert packed.SHIPPED.stat().st_size < 2_500_000


def test_the_shipped_keys_are_keys_as_they_are_made_today(shipped: list[PackedPlace]) -> None:
    assert [place.name for place in shipped if names.display(place.name) != place.name] == []
    keys = (key for place in shipped for key in place.other_keys)
    assert [key for key in keys if names.key(key) != key or not 0 < len(key) <= 400] == []


def test_the_command_makes_the_shipped_file_again(shipped: list[PackedPlace]) -> None:
    """All but CLDR's names, which no installed package has."""
    made = list(make_places.places(15_000))
    assert [place[:-1] for place in made] == [place[:-1] for place in shipped]
    keys = [(set(ours.other_keys), set(theirs.other_keys)) for ours, theirs in zip(made, shipped, strict=True)]
    assert [ours - theirs for ours, theirs in keys if ours - theirs] == []
    assert 700 < sum(len(theirs - ours) for ours, theirs in keys) < 900
