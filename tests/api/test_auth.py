"""X-API-Key."""

from typing import Any

import pytest
from django.test import Client

from cityweather.api import auth
from cityweather.errors import NoApiKey, WrongApiKey
from cityweather.models import SearchHistory
from tests.support.api import KEY, UNKNOWN

PROTECTED = [
    ("get", "/bulk/jobs"),
    ("get", f"/bulk/jobs/{UNKNOWN}"),
    ("get", f"/bulk/jobs/{UNKNOWN}/results"),
    ("get", f"/bulk/jobs/{UNKNOWN}/summary"),
    ("delete", "/history"),
]


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_without_a_key_401_with_a_challenge(anyone: Client, method: str, path: str) -> None:
    answer = getattr(anyone, method)(path)
    assert (answer.status_code, answer.json()["code"]) == (401, "api_key_missing")
    assert answer["WWW-Authenticate"].startswith("ApiKey")


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_with_a_wrong_key_403(anyone: Client, method: str, path: str) -> None:
    answer = getattr(anyone, method)(path, headers={"X-API-Key": KEY + "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "api_key_invalid")


@pytest.mark.usefixtures("db")
def test_reading_the_history_needs_no_key(anyone: Client) -> None:
    SearchHistory.objects.create(city_name="Oslo")
    assert anyone.get("/history").json()["results"][0]["city"] == "Oslo"


def test_every_key_has_a_name_and_names_may_repeat(settings: Any) -> None:
    settings.CITYWEATHER_API_KEY = "ann:k1, ann:k2 ,bob:k3,plain,"
    assert [auth.owner_of(key) for key in ("k1", "k2", "k3")] == ["ann", "ann", "bob"]
    nameless = auth.owner_of("plain")
    settings.CITYWEATHER_API_KEY = "plain,ann:k1"
    assert auth.owner_of("plain") == nameless
    assert "plain" not in nameless


def test_the_first_colon_ends_the_name(settings: Any) -> None:
    settings.CITYWEATHER_API_KEY = "ann:k:1"
    assert auth.owner_of("k:1") == "ann"
    with pytest.raises(WrongApiKey):
        auth.owner_of("1")


@pytest.mark.parametrize("setting", ["", "ann:", ",", "ann"])
def test_what_is_not_a_key_opens_nothing(settings: Any, setting: str) -> None:
    settings.CITYWEATHER_API_KEY = setting
    with pytest.raises(NoApiKey):
        auth.owner_of("")
    with pytest.raises(WrongApiKey):
        auth.owner_of("ann:")


def test_every_key_is_compared_to_the_last(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CITYWEATHER_API_KEY = "a:first,b:second,c:third"
    compared = []
    real = auth.hmac.compare_digest
    monkeypatch.setattr(auth.hmac, "compare_digest", lambda a, b: compared.append(a) or real(a, b))
    auth.owner_of("first")
    assert len(compared) == 3


def test_a_key_of_other_characters_is_refused_and_no_error(anyone: Client) -> None:
    assert anyone.get("/bulk/jobs", headers={"X-API-Key": "sch\u00f6n\udcff"}).status_code == 403
