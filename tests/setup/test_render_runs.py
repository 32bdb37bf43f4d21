"""Web, fetch worker and bookkeeper of render.yaml, started apart as there, carry a job."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from cityweather_dev.postgres import Postgres
from cityweather_dev.processes import CannotStart, free_port, wait_until
from cityweather_dev.simulator.process import Simulator
from cityweather_dev.valkey import PERSISTENT, Valkey
from tests.setup.trial import Trial
from tests.support.servers import unavailable

ROLES = ("web", "fetch", "bookkeeper")
CITIES = 200


@pytest.fixture
def trial(tmp_path: Path, session_postgres: Postgres) -> Iterator[Trial]:
    servers = (Valkey(tmp_path / "valkey", **PERSISTENT), Simulator(tmp_path / "simulator", invent=1))
    try:
        valkey, simulator = [server.start() for server in servers]
    except CannotStart as error:
        unavailable(str(error))
    session_postgres.execute("DROP DATABASE IF EXISTS render")
    session_postgres.execute("CREATE DATABASE render")
    given = {
        "PORT": str(free_port()),
        "REDIS_URL": valkey.url,
        "DATABASE_URL": session_postgres.database_url("render"),
        "OPENWEATHER_API_KEY": "simulator",
        "OPENWEATHER_URL": simulator.url,
    }
    running = Trial(tmp_path, given)
    yield running
    running.stop()
    for server in servers:
        server.kill()
    session_postgres.execute("DROP DATABASE render WITH (FORCE)")


class Site:
    """The web service as Render's proxies would call it."""

    def __init__(self, trial: Trial) -> None:
        self.base = f"http://127.0.0.1:{trial.given['PORT']}"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers = {
            "Host": "cityweather-web.onrender.com",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "203.0.113.9, 198.51.100.7",
            "X-API-Key": trial.environment("web")["CITYWEATHER_API_KEY"],
        }

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.base + path, timeout=10, allow_redirects=False)

    def is_ready(self, path: str) -> bool:
        try:
            return self.get(path).status_code == 200
        except requests.ConnectionError:
            return False


def test_the_declared_settings_leave_no_warning(trial: Trial) -> None:
    trial.run("web", *trial.command("web", "preDeployCommand"))
    trial.run("web", "python", "src/manage.py", "check", "--deploy", "--fail-level", "WARNING")


def test_the_three_services_carry_a_job_and_stop_when_asked(trial: Trial) -> None:
    site = Site(trial)
    trial.run("web", *trial.command("web", "preDeployCommand"))
    for role in ROLES:
        trial.start(role)
    assert wait_until(lambda: site.is_ready(trial.service("web")["healthCheckPath"]), 30), trial.logs()

    upload = {"file": ("cities.csv", "city\n" + "".join(f"Town {number}\n" for number in range(CITIES)))}
    answer = site.session.post(f"{site.base}/bulk/import", files=upload, timeout=30)
    assert answer.status_code == 202, answer.text
    job = f"/bulk/jobs/{answer.json()['job_id']}"
    assert wait_until(lambda: site.get(job).json()["status"] == "done", 60, pause=0.2), (
        f"{site.get(job).text}\n{trial.logs()}"
    )

    status = site.get(job).json()
    results = site.get(f"{job}/results?limit={CITIES}").json()["results"]
    assert (status["total"], status["processed"], status["succeeded"] + status["failed"]) == (CITIES,) * 3
    assert [row["status"] for row in results].count("success") == status["succeeded"]
    assert len(results) == CITIES
    assert trial.stop() == dict.fromkeys(ROLES, True), trial.logs()
