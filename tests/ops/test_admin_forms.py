"""What somebody who has not logged in may send to the admin: little, soon, and not often."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.test import Client, RequestFactory
from redis import Redis

from cityweather.ops import admin_middleware
from cityweather.ops.admin_middleware import FORM_SECONDS, FORM_SIZE, Sessions
from cityweather_dev.processes import free_port, wait_until

pytestmark = pytest.mark.usefixtures("db", "redis_server")
FORM = "application/x-www-form-urlencoded"


def test_the_address_without_a_slash_leads_to_the_admin(client: Client) -> None:
    answer = client.get("/admin", follow=True)
    assert answer.redirect_chain[0] == ("/admin/", 302)
    assert b"Log in" in answer.content


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/cityweather/bulkjob/"])
def test_a_form_without_a_login_is_small(client: Client, path: str) -> None:
    answer = client.post(path, "x" * (FORM_SIZE + 1), content_type=FORM)
    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")


def test_the_form_of_somebody_logged_in_may_be_larger(client: Client) -> None:
    client.force_login(get_user_model().objects.create_superuser("ann"))
    answer = client.post("/admin/cityweather/city/", f"x={'x' * FORM_SIZE}", content_type=FORM)
    assert answer.status_code not in (413, 429)


def test_forms_without_a_login_are_throttled_at_every_address(client: Client, settings: Any) -> None:
    settings.THROTTLE_LOGIN = "2/min"
    statuses = [client.post(path, "x=1", content_type=FORM).status_code for path in ("/admin/", "/admin/x/", "/admin/")]
    assert statuses[2] == 429
    assert 429 not in statuses[:2]


@pytest.fixture
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize(("sent", "status"), [(b"x=1", 408), (b"x" * 100, 200)])
def test_a_form_that_does_not_come_is_not_waited_for(
    line: tuple[socket.socket, socket.socket], sent: bytes, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_middleware, "FORM_SECONDS", 0.05)
    ours, theirs = line
    theirs.sendall(sent)
    request = RequestFactory().post("/admin/", b"x" * 100, content_type=FORM)
    request = type(request)({**request.META, "wsgi.input": ours.makefile("rb"), "gunicorn.socket": ours})
    request.session = SessionStore()
    assert Sessions(lambda _: HttpResponse())(request).status_code == status


@pytest.fixture
def web(redis_server: Redis, settings: Any, sqlite_database: str, tmp_path: Path) -> Iterator[str]:
    """The address of `cityweather web` as it is shipped: its gunicorn has two processes."""
    port = free_port()
    command = [sys.executable, "-m", "cityweather", "web", "--bind", f"127.0.0.1:{port}"]
    environment = {**os.environ, "REDIS_URL": settings.REDIS_URL, "DATABASE_URL": sqlite_database}
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, env=environment, stderr=log) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            assert wait_until(lambda: answers(f"{address}/readyz"), 30)
            for _ in range(20):  # both processes have then loaded what they need
                answers(f"{address}/admin/login/")
            yield address
        finally:
            process.terminate()


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=FORM_SECONDS).ok
    except requests.RequestException:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
def test_fourteen_slow_forms_keep_nobody_else_waiting(web: str) -> None:
    host, _, port = web.removeprefix("http://").partition(":")
    head = f"POST /admin/login/ HTTP/1.1\r\nHost: {host}\r\nContent-Type: {FORM}\r\nContent-Length: 100\r\n\r\nx=1"
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection((host, int(port)), timeout=20)) for _ in range(14)]
        began = time.monotonic()
        for client in slow:
            client.sendall(head.encode())
        assert all(answers(f"{web}/readyz") for _ in range(4))
        # A process whose threads for slow work are all taken answers 503 at once; the other one has some left.
        assert wait_until(lambda: answers(f"{web}/history"), FORM_SECONDS)
        assert time.monotonic() - began < FORM_SECONDS  # while they are still waited for
        statuses = {client.recv(100).split()[1] for client in slow}
    assert statuses <= {b"408", b"429", b"503"}
    assert all(answers(f"{web}/history") for _ in range(10))


def test_a_form_that_cannot_be_parsed_leaves_no_traceback(client: Client, lines: list[dict[str, Any]]) -> None:
    fields = "".join(f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n\r\n' for n in range(150))
    for body in (f"{fields}--x--\r\n", "--x\r\nno header\r\n", ""):
        for kind in ("multipart/form-data; boundary=x", "multipart/form-data", FORM):
            client.post("/admin/login/", body, content_type=kind)
    client.post("/admin/login/", "&".join(f"{n}=" for n in range(1200)), content_type=FORM)
    assert not [line for line in lines if "exception" in line]
