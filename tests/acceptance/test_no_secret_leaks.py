"""A whole service with all its troubles, at LOG_LEVEL=DEBUG: no secret in any log, answer or metric."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests

from cityweather_dev.processes import wait_until
from tests.support.fleet import USUAL, Fleet

API, WRONG, PROVIDER, DJANGO = "api-secret-4711", "wrong-secret-1234", "provider-secret-0815", "django-secret-2342"
SETTINGS = {
    "CITYWEATHER_API_KEY": f"ops:{API}",
    "OPENWEATHER_API_KEY": PROVIDER,
    "SECRET_KEY": DJANGO,
    "LOG_LEVEL": "DEBUG",
    "CACHE_TTL": "1",
}

pytestmark = pytest.mark.xdist_group("acceptance")


@pytest.fixture
def fleet(start_fleet: Callable[..., Fleet]) -> Fleet:
    return start_fleet(**SETTINGS)


def trouble(fleet: Fleet, fault: str, *, retry_after: float | None = None) -> str:
    """The answer of a look-up while the provider has this fault."""
    fleet.simulator.control(fault=fault, retry_after=retry_after)
    answer = requests.get(f"{fleet.url}/weather?city=Town+{fault}&appid={PROVIDER}", timeout=30).text
    fleet.simulator.control(fault=None)
    return answer


def job(fleet: Fleet, csv: bytes) -> str:
    headers, files = {"X-API-Key": API}, {"file": ("towns.csv", csv)}
    answer = requests.post(f"{fleet.url}/bulk/import", files=files, headers=headers, timeout=10)
    path = answer.json()["job_id"]

    def settled() -> bool:
        job = requests.get(f"{fleet.url}/bulk/jobs/{path}", headers=headers, timeout=10).json()
        return bool(job["finished_at"]) or job["waiting_for"] == "key"

    assert wait_until(settled, 60, 0.2)
    return requests.get(f"{fleet.url}/bulk/jobs/{path}", headers=headers, timeout=10).text


def test_no_secret_is_in_a_log_an_answer_or_a_metric(fleet: Fleet) -> None:
    answers = [trouble(fleet, fault) for fault in ("500", "reset", "half", "html", "garbage", "redirect", "400")]
    answers.append(requests.get(f"{fleet.url}/bulk/jobs?key={API}", headers={"X-API-Key": WRONG}, timeout=10).text)
    answers.append(job(fleet, b"city\nOslo\nRome\nNowhere-at-all\n"))
    fleet.simulator.control(fault="401")
    answers.append(job(fleet, b"city\nLima\nQuito\n"))
    fleet.simulator.control(fault=None)
    answers.append(requests.get(f"{fleet.url}/metrics", timeout=10).text)
    fleet.valkey.kill()
    lost = ("/weather?city=Lima", "/healthz", "/bulk/jobs")
    answers += [requests.get(fleet.url + path, headers={"X-API-Key": API}, timeout=30).text for path in lost]
    logs = {name: (fleet.folder / f"{name}.log").read_text(errors="replace") for name in USUAL}
    for name in USUAL:
        fleet.stop(name)
    assert all(logs.values()), "a part that logs nothing proves nothing"
    assert '"waiting_for":"key"' in answers[9]
    assert "fetch_seconds" in answers[10]
    secrets = (API, WRONG, PROVIDER, DJANGO, urlsplit(fleet.simulator.url).netloc + "/data")
    texts = {**logs, **{f"answer {number}": text for number, text in enumerate(answers)}}
    assert [(name, secret) for name, text in texts.items() for secret in secrets if secret in text] == []
