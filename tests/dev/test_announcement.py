"""What `up` says when it is ready."""

from pathlib import Path

import pytest

from cityweather_dev.console import announce
from cityweather_dev.stack import Stack, Wishes


def said(folder: Path, *, on_terminal: bool) -> list[str]:
    stack = Stack(Wishes(folder), lambda *_: None)
    stack.port = 8000
    stack.env["CITYWEATHER_API_KEY"] = "local:its-own"
    lines: list[str] = []
    announce(stack, lambda _, line: lines.append(line), on_terminal=on_terminal)
    return lines


def test_a_terminal_gets_a_link_that_opens_the_page_with_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CITYWEATHER_API_KEY", raising=False)
    link = "Open http://127.0.0.1:8000/#key=its-own"
    assert link in said(tmp_path, on_terminal=True)
    assert [line for line in said(tmp_path, on_terminal=False) if "#key" in line] == []


def test_a_key_of_the_environment_is_nobodys_to_print(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYWEATHER_API_KEY", "local:its-own")
    assert [line for line in said(tmp_path, on_terminal=True) if "its-own" in line] == []
