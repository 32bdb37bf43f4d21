"""The dashboard as a person uses it."""

import base64
import codecs
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from cityweather_dev.processes import wait_until
from tests.support.running import Running

# Chromium reports no 304 to Playwright, so the page itself keeps the minutes: [path, status, with an ETag].
MINUTES = """
    window.asked = [];
    window.awaited = 0;
    const reach = window.fetch;
    window.fetch = async (path, options) => {
        const entry = [path, null, Boolean(options?.headers?.["If-None-Match"])];
        window.asked.push(entry);
        window.awaited += 1;
        try {
            const answer = await reach(path, options);
            entry[1] = answer.status;
            return answer;
        } finally {
            window.awaited -= 1;
        }
    };
"""
HIDE = """hidden => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
DROPPED = """([name, content]) => {
    const transfer = new DataTransfer();
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: "text/csv" }));
    return transfer;
}"""
POLL = re.compile(r"/bulk/jobs/[0-9a-f-]{36}$")

SHOTS = Path(__file__).parent / "screenshots"
AXE = Path(__file__).parent / "vendor/axe.min.js"


def violations(page: Page) -> list[str]:
    """Of every level but "minor" and "moderate", with where."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


class Screen:
    def __init__(self, page: Page, up: Running) -> None:
        self.page = page
        self.up = up

    def open(self, path: str = "/", *, key: bool = True) -> None:
        """With the key behind #, as `up` prints it."""
        self.page.goto(self.up.url + path + (f"#key={self.up.api_key}" if key else ""))
        if key:
            expect(self.page.locator("#connection")).to_have_text("Live")

    def upload(self, file: Path) -> str:
        """Choose the file; returns the id of its job, which is then shown."""
        before = self.page.url
        self.page.set_input_files("#file", file)
        expect(self.page).not_to_have_url(before)
        expect(self.page).to_have_url(re.compile(r"\?job="))
        return self.page.url.rpartition("=")[2]

    def drop(self, name: str, content: bytes) -> None:
        """Drop a file on the page."""
        dropped = self.page.evaluate_handle(DROPPED, [name, base64.b64encode(content).decode()])
        for event in ("dragenter", "dragover", "drop"):
            self.page.dispatch_event("#map", event, {"dataTransfer": dropped})

    def upload_slowly(self, file: Path, per_minute: int = 600) -> str:
        """A job that lasts until `hurry`."""
        self.up.simulator.control(latency_ms=500)
        job_id = self.upload(file)
        self.rate(job_id, per_minute)
        return job_id

    def rate(self, job_id: str, per_minute: int | None) -> None:
        self.up.service.call("PATCH", f"/bulk/jobs/{job_id}", json={"max_rate": per_minute})

    def hurry(self, job_id: str) -> None:
        self.up.simulator.control(latency_ms=0)
        self.rate(job_id, None)

    def let_it_rest(self, job_id: str) -> None:
        """Until what was under way when the job was paused is done: nothing is counted for a second."""
        self.up.simulator.control(latency_ms=0)
        seen, since = -1, time.monotonic()

        def rests() -> bool:
            nonlocal seen, since
            if (processed := self.job(job_id)["processed"]) != seen:
                seen, since = processed, time.monotonic()
            return time.monotonic() - since > 1

        assert wait_until(rests, 30)

    def take_the_clock(self) -> None:
        """From here on the page's time goes on by `pass_time` only, and `asked` lists what it asks for."""
        self.page.clock.install()
        self.page.add_init_script(MINUTES)
        self.page.reload()
        expect(self.badge).to_be_visible()
        self.page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=5))

    def pass_time(self, seconds: float) -> None:
        """In small steps, each until the answers are there."""
        for _ in range(round(seconds * 4)):
            self.page.clock.run_for(250)
            assert wait_until(lambda: self.page.evaluate("window.awaited") == 0, 30)

    def asked(self) -> list[tuple[str, int | None, bool]]:
        """(path, status, whether it named an ETag) of each request; forgotten then."""
        return [(path, status, etag) for path, status, etag in self.page.evaluate("window.asked.splice(0)")]

    def polls(self) -> list[tuple[int | None, bool]]:
        """(status, whether it named an ETag) of each poll of a job among `asked`."""
        return [(status, etag) for path, status, etag in self.asked() if POLL.search(path)]

    def hide(self, hidden: bool) -> None:
        self.page.evaluate(HIDE, hidden)

    @property
    def badge(self) -> Locator:
        return self.page.locator("#job-badge")

    def wait_for(self, state: str) -> None:
        expect(self.badge).to_have_text(state, timeout=60_000)

    def tile(self, name: str) -> Locator:
        return self.page.locator("#job-tiles div").filter(has_text=name).locator("dd")

    def number(self, name: str) -> int:
        return int(self.tile(name).inner_text().replace(",", "").rstrip("%"))

    def drawn(self, number: int) -> None:
        """That so many cities stand on the map."""
        expect(self.page.locator("#map-canvas")).to_have_attribute("data-drawn", str(number))

    def download(self, selector: str) -> tuple[str, list[str]]:
        """Click; returns the file's name and lines. It begins with a byte order mark, which Excel needs."""
        with self.page.expect_download() as begun:
            self.page.locator(selector).click()
        content = begun.value.path().read_bytes()
        assert content.startswith(codecs.BOM_UTF8)
        return begun.value.suggested_filename, content.decode("utf-8-sig").splitlines()

    def job(self, job_id: str) -> dict[str, Any]:
        return self.up.service.job(job_id)

    def shoot(self, name: str, *, whole: bool = False) -> Path:
        SHOTS.mkdir(exist_ok=True)
        path = SHOTS / f"{name}.png"
        if whole:
            self.page.evaluate("scrollTo(0, 0)")  # else the header stands in the middle
        self.page.screenshot(path=path, full_page=whole, animations="disabled")
        return path
