"""Chromium before a whole service with the simulator. Every page is watched for complaints and for strangers."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, expect

from tests.browser.screen import Screen
from tests.support.running import Running

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OTHER_NAME = "cityweather.test"  # leads here too: no localhost, so over HTTP a page is no secure context
# What Chromium logs by itself about an answer from 400 on, or of none.
LOADING = re.compile(r"Failed to load resource: .*?(\d{3}|net::\w+)")

expect.set_options(timeout=30_000)  # milliseconds; two cores may have other work


@pytest.fixture(scope="session")
def base_url() -> None:
    """In place of the plugin's own, which pytest 9 deprecates."""


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        words = "There is no Chromium here: apt-get install chromium."
        pytest.fail(words) if os.environ.get("CI") == "true" else pytest.skip(words)
    return {
        "executable_path": found,
        "headless": True,
        "args": [*QUIET, f"--host-resolver-rules=MAP {OTHER_NAME} 127.0.0.1"],
    }


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, browser_type_launch_args: dict[str, Any]) -> Iterator[Running]:
    """One service for all, with the shipped places; each test uploads cities of its own."""
    hosts = f"localhost,127.0.0.1,{OTHER_NAME}"
    up = Running(
        tmp_path_factory.mktemp("browser") / "up", "--simulator", "--invent", ALLOWED_HOSTS=hosts, PLACES_FILE=""
    ).start()
    yield up
    up.stop()


@pytest.fixture
def up(running: Running) -> Running:
    running.simulator.reset()
    running.simulator.control(invent=1)
    return running


@pytest.fixture
def expected() -> list[str]:
    """Statuses, net:: errors and beginnings of other sentences that the test provokes: Chromium reports them."""
    return []


@pytest.fixture
def page(page: Page, up: Running, expected: list[str]) -> Iterator[Page]:
    """In place of the plugin's own: each page is watched, whoever opens it."""
    complaints, hosts = watch(page)
    yield page
    assert [text for text in complaints if not excused(text, expected)] == []
    port = urlparse(up.url).port
    assert hosts <= {f"127.0.0.1:{port}", f"{OTHER_NAME}:{port}"}


@pytest.fixture
def screen(page: Page, up: Running) -> Screen:
    """The dashboard with the key given."""
    screen = Screen(page, up)
    screen.open()
    return screen


def watch(page: Page) -> tuple[list[str], set[str]]:
    complaints: list[str] = []
    hosts: set[str] = set()

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def asked(request: Request) -> None:
        if urlparse(request.url).scheme not in ("blob", "data"):
            hosts.add(urlparse(request.url).netloc)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", asked)
    return complaints, hosts


def excused(text: str, expected: list[str]) -> bool:
    found = LOADING.match(text)
    return found[1] in expected if found else text.startswith(tuple(expected))


@pytest.fixture
def cities(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., Path]:
    """`cities(100, "Nowhere")`: a CSV of names that no other test uses, behind those given."""
    word = re.sub(r"\W|_", "", request.node.name)[-40:]

    def write(number: int, *names: str, name: str = "cities.csv") -> Path:
        file = tmp_path / name
        rows = [*names, *(f"{word} {n}" for n in range(number))]
        file.write_text("\n".join(["city", *rows]) + "\n", encoding="utf-8")
        return file

    return write
