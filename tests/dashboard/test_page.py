"""The page at `/`: strict about where things come from, and open to everybody."""

import re
from html.parser import HTMLParser

import pytest
from django.db import DatabaseError
from django.test import Client
from pytest_django.fixtures import Settings

from cityweather.dashboard import views
from cityweather.models import SearchHistory
from cityweather_client.local_service import SIMULATED


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def page(client: Client, db: None) -> str:
    answer = client.get("/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_opens_without_a_key_and_explains_what_it_is(page: str) -> None:
    assert "<title>CityWeather+</title>" in page
    assert 'id="import"' in page


def test_the_policy_allows_this_host_only_and_nothing_inline(client: Client, db: None) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == rules["object-src"] == "'none'"
    assert rules["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in policy
    assert "-src-" not in policy
    assert "http" not in policy


def test_the_page_holds_what_the_policy_allows(page: str) -> None:
    for tag, attributes in Tags(page).found:
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        assert tag != "style"
        if tag == "script":
            assert attributes.get("src")
    assert re.findall(r"<script[^>]*>\s*\S+?\s*</script>", page) == []


def test_every_address_in_the_page_is_a_path_of_this_host(page: str) -> None:
    places = [a[name] or "" for _, a in Tags(page).found for name in ("src", "href", "data-land") if name in a]
    assert len(places) > 10
    assert [place for place in places if not re.match(r"/(?!/)|#", place)] == []


def test_names_that_were_looked_up_are_shown_as_text(client: Client, db: None) -> None:
    SearchHistory.objects.create(city_name='<img src=x onerror="alert(1)">')
    page = client.get("/").content.decode()
    assert "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;" in page
    assert [tag for tag, attributes in Tags(page).found if attributes.get("src") == "x"] == []


def test_the_newest_look_ups_are_shown_once_each(client: Client, db: None) -> None:
    for name in ("Oslo", "Lima", "oslo", "Rome"):
        SearchHistory.objects.create(city_name=name)
    assert views.recent() == ["Rome", "oslo", "Lima"]


def test_it_opens_while_the_database_is_unreachable(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(SearchHistory.objects, "order_by", unreachable)
    assert client.get("/").status_code == 200


def test_the_limit_of_an_upload_stands_there(client: Client, db: None, settings: Settings) -> None:
    settings.IMPORT_MAX_BYTES = 25_000_000
    page = client.get("/").content.decode()
    assert "up to 25 MB" in page
    assert 'data-max-bytes="25000000"' in page


def test_other_methods_are_refused_with_json(client: Client) -> None:
    answer = client.post("/")
    assert (answer.status_code, answer.json()["code"], answer.headers["Allow"]) == (
        405,
        "method_not_allowed",
        "GET, HEAD",
    )


def test_it_shows_that_weather_is_simulated_only_when_it_is(client: Client, db: None, settings: Settings) -> None:
    settings.OPENWEATHER_API_KEY = SIMULATED
    assert "simulated weather" in client.get("/").content.decode()
    settings.OPENWEATHER_API_KEY = "a-real-key"
    assert "simulated" not in client.get("/").content.decode()


def test_forms_and_landmarks_have_names_and_forms_have_buttons(page: str) -> None:
    tags = Tags(page).found
    named = ("aria-label", "aria-labelledby")
    landmarks = [a for tag, a in tags if tag in ("nav", "section") or a.get("role") in ("search", "region")]
    assert len(landmarks) > 5
    assert [a for a in landmarks if not any(map(a.get, named))] == []
    searches = [a.get("aria-label") for _, a in tags if a.get("role") == "search"]
    assert len(set(searches)) == len(searches) == 2
    forms = re.findall(r"<form.*?</form>", page, re.DOTALL)
    assert len(forms) == 7
    assert [form for form in forms if 'type="submit"' not in form] == []


def test_the_pages_of_the_api_have_a_language_and_a_main_part(client: Client, db: None) -> None:
    tags = Tags(client.get("/docs").content.decode()).found
    assert ("html", {"lang": "en"}) in tags
    assert [a.get("aria-label") for tag, a in tags if tag == "main"] == ["The API"]


def test_names_keep_their_direction(client: Client, db: None) -> None:
    SearchHistory.objects.create(city_name="ירושלים,IL")
    assert "<bdi>ירושלים,IL</bdi>" in client.get("/").content.decode()
