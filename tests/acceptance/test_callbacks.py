"""callback_url on real processes: a bookkeeper killed while it sends."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from cityweather.settings import ROOT
from cityweather_dev import sample
from cityweather_dev.processes import wait_until
from tests.support.receiver import receiving
from tests.support.running import Running

SECRET = "a-secret-of-24-letters-or-more"
CITIES = 300

pytestmark = [pytest.mark.xdist_group("acceptance"), pytest.mark.chaos]


def test_a_bookkeeper_killed_while_it_sends_leaves_the_event_to_the_next(
    run_up: Callable[..., Running], tmp_path: Path
) -> None:
    file = tmp_path / "cities.csv"
    sample.write(ROOT / "data/cities.csv", CITIES, file)
    arrived, release = threading.Event(), threading.Event()
    with receiving() as receiver:
        receiver.before = [lambda: (arrived.set(), release.wait(60))]
        up = run_up(CALLBACK_HOSTS=receiver.address, CALLBACK_SECRET=SECRET)
        job_id = up.service.send_file(file, {"callback_url": receiver.url}, None)["job_id"]
        assert arrived.wait(30)
        bookkeeper = psutil.Process(up.pids()["bookkeeper"])
        processes = [bookkeeper, *bookkeeper.children(recursive=True)]
        up.kill("bookkeeper")
        assert wait_until(lambda: all(not process.is_running() for process in processes), 10)
        release.set()
        assert wait_until(lambda: len(receiver.got) == 2, 60)
        assert wait_until(lambda: "callback_delivered" in up.log.read_text(), 10)
    bodies = [body for _, _, body in receiver.got]
    headers = receiver.got[-1][1]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + bodies[1]
    expected = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1
    assert bodies[0] == bodies[1]
    assert json.loads(bodies[0])["data"]["job_id"] == job_id
    assert "very-secret" not in up.log.read_text()
