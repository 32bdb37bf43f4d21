"""The developer's environment never reaches a test: settings are read again without it."""

import importlib
import os
import re
from pathlib import Path

from django.conf import settings
from django.db import connections

import cityweather.settings
from cityweather.places import packed

NOBODY_LISTENS = "redis://127.0.0.1:1/0"  # a test that forgot to ask for a server is refused at once
ROOT = Path(__file__).resolve().parents[2]
VALUES = {"SECRET_KEY": "test", "CITYWEATHER_API_KEY": "test:test-key", "REDIS_URL": NOBODY_LISTENS}
# A service that a test starts loads this gazetteer; the shipped one takes seconds (tests/support/places.py).
OSLO = packed.PackedPlace(3143244, "Oslo", "NO", "12", 59.91273, 10.74609, 709_037, ["christiania"])


def setting_names() -> list[str]:
    """Every environment variable that the settings read."""
    source = Path(cityweather.settings.__file__).read_text()
    return re.findall(r'\benv\.\w+\(\s*"([A-Z_]+)"', source)


def isolate(folder: Path) -> None:
    """Subprocesses inherit the clean environment; the default database is a SQLite file in `folder`."""
    for name in setting_names():
        os.environ.pop(name, None)
    packed.write(folder / "places.tsv.xz", [OSLO])
    os.environ.update(
        VALUES, DATABASE_URL=f"sqlite:///{folder / 'unused.sqlite3'}", PLACES_FILE=str(folder / "places.tsv.xz")
    )
    os.environ["PYTHONPATH"] = str(ROOT / "src")  # a conda environment has the packages and not the project
    module = importlib.reload(cityweather.settings)
    for name in filter(str.isupper, dir(module)):
        setattr(settings, name, getattr(module, name))
    settings.STATIC_ROOT = folder / "static"  # WhiteNoise warns of one that is missing
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the usual one takes half a second
    # Pages are rendered without collectstatic.
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    # A file and not SQLite's default in-memory test database: that one locks by other rules.
    settings.DATABASES["default"]["TEST"] = {"NAME": str(folder / "test.sqlite3")}
    connections.settings = connections.configure_settings(settings.DATABASES)
    connections["default"] = connections.create_connection("default")  # django.setup() may have made one already
