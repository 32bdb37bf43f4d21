"""What `up` prints when it is ready, and which API key it takes."""

from pathlib import Path

import pytest

from cityweather_client.local_service import DEMO_API_KEY
from cityweather_dev.console import announce
from cityweather_dev.stack import Stack, StackOptions, unlimited


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CITYWEATHER_API_KEY", "OPENWEATHER_API_KEY", "WEATHER_PROVIDER"):
        monkeypatch.delenv(name, raising=False)


def announced(folder: Path, *, on_terminal: bool = True) -> list[str]:
    stack = Stack(StackOptions(folder), lambda *_: None)
    stack.port = 8000
    stack.choose_api_key()
    lines: list[str] = []
    announce(stack, lines.append, on_terminal=on_terminal)
    return lines


def test_the_last_lines_are_a_frame_with_address_key_page_and_what_the_weather_is(tmp_path: Path) -> None:
    lines = announced(tmp_path)
    assert [line[:2] for line in lines] == ["+-", *["| "] * 5, "+-"]
    assert len({len(line) for line in lines}) == 1
    text = "\n".join(lines)
    assert "Ready: http://127.0.0.1:8000 " in text
    assert f"API key (header X-API-Key): {DEMO_API_KEY} " in text
    assert "Simulated weather." in text


def test_only_a_terminal_gets_the_link_that_opens_the_page_with_the_key(tmp_path: Path) -> None:
    assert f"Page: http://127.0.0.1:8000/#key={DEMO_API_KEY} " in "\n".join(announced(tmp_path))
    assert "#key" not in "\n".join(announced(tmp_path, on_terminal=False))


def test_a_key_of_the_environment_is_used_and_not_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYWEATHER_API_KEY", "local:its-own")
    text = "\n".join(announced(tmp_path))
    assert "its-own" not in text
    assert DEMO_API_KEY not in text


def test_simulated_weather_has_no_limits_but_those_of_the_environment() -> None:
    assert set(unlimited({}).values()) == {"0", ""}
    given = {"THROTTLE_API": "2/min", "CACHE_TTL": "1"}
    assert unlimited(given) == unlimited({}) | {"THROTTLE_API": "2/min"}


@pytest.mark.parametrize("real", [{"OPENWEATHER_API_KEY": "k"}, {"WEATHER_PROVIDER": "open_meteo"}])
def test_real_weather_never_gets_the_demo_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, real: dict[str, str]
) -> None:
    for name, value in real.items():
        monkeypatch.setenv(name, value)
    stack = Stack(StackOptions(tmp_path), lambda *_: None)
    stack.choose_api_key()
    assert stack.api_key != DEMO_API_KEY
    assert len(stack.api_key) >= 40
    assert "Simulated" not in "\n".join(announced(tmp_path))
