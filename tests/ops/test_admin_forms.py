"""What somebody who has not logged in may send to the admin: little, soon, and not often."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.test import Client, RequestFactory

from cityweather.ops import admin_middleware
from cityweather.ops.admin_middleware import FORM_SIZE, Sessions

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


def test_a_form_that_cannot_be_parsed_leaves_no_traceback(client: Client, lines: list[dict[str, Any]]) -> None:
    fields = "".join(f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n\r\n' for n in range(150))
    for body in (f"{fields}--x--\r\n", "--x\r\nno header\r\n", ""):
        for kind in ("multipart/form-data; boundary=x", "multipart/form-data", FORM):
            client.post("/admin/login/", body, content_type=kind)
    client.post("/admin/login/", "&".join(f"{n}=" for n in range(1200)), content_type=FORM)
    assert not [line for line in lines if "exception" in line]
