"""X-API-Key."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern

from cityweather import urls
from cityweather.api import auth
from cityweather.errors import NoApiKey, WrongApiKey
from cityweather.models import SearchHistory
from cityweather.settings import ROOT
from tests.support.api import KEY, UNKNOWN, make_city, make_job

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


def of_the_readme(before: str, behind: str) -> set[str]:
    """The paths that a sentence of the README names."""
    [sentence] = re.findall(rf"([^.]*){before}(.*?){behind}", (ROOT / "README.md").read_text())
    return set(re.findall(r"`((?:\w+ )?/[^`]*)`", "".join(sentence)))


@pytest.mark.usefixtures("db")
def test_the_paths_that_need_a_key_are_those_that_the_readme_names(anyone: Client) -> None:
    keyed = of_the_readme(" need the header ", "`X-API-Key`, and all")
    assert keyed == {"/bulk/*", "/cities", "DELETE /history"}
    for pattern in urls.urlpatterns:
        if not (isinstance(pattern, URLPattern) and pattern.name):
            continue
        path = "/" + re.sub("<[^>]*>", UNKNOWN, str(pattern.pattern))
        locked = path.startswith("/bulk/") or path == "/cities"
        assert (anyone.get(path).status_code == 401) is locked, path
    assert anyone.delete("/history").status_code == 401


@pytest.mark.usefixtures("db")
def test_all_keys_share_jobs_schedules_and_cities(settings: Any) -> None:
    settings.CITYWEATHER_API_KEY = "ann:key-of-ann,bob:key-of-bob"
    job = make_job("s", owner="ann", status="done", phase="ended")
    make_city("Oslo")
    ann, bob = (Client(headers={"X-API-Key": f"key-of-{name}"}) for name in ("ann", "bob"))
    body = {"job_id": str(job.pk), "every": "1h"}
    schedule = ann.post("/bulk/schedules", body, content_type="application/json").json()["schedule_id"]
    for path in (f"/bulk/jobs/{job.pk}", f"/bulk/jobs/{job.pk}/results", f"/bulk/schedules/{schedule}"):
        assert bob.get(path).json() == ann.get(path).json()
    assert bob.get("/bulk/jobs").json()["results"][0]["owner"] == "ann"
    assert bob.get("/cities").json()["results"]
    assert bob.delete(f"/bulk/schedules/{schedule}").status_code == 204
    assert bob.delete(f"/bulk/jobs/{job.pk}").status_code == 204
