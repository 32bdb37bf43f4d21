"""Requests that take long leave threads to polls, cached weather and health."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from cityweather.ops import bulkhead
from cityweather.ops.bulkhead import Seats


@pytest.fixture(autouse=True)
def _one_seat(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(bulkhead, "WAIT", 0.05)
    bulkhead.limit(bulkhead.FREE + 1)
    yield
    Seats.free, Seats.stuck = None, False


def ask(view: Any, path: str = "/history") -> HttpResponseBase:
    return Seats(view)(RequestFactory().get(path))


def well(_: Any) -> HttpResponse:
    return HttpResponse("fine")


def test_one_too_many_is_sent_away_and_probes_are_not() -> None:
    begun, release = threading.Event(), threading.Event()

    def hang(_: Any) -> HttpResponse:
        begun.set()
        release.wait(10)
        return HttpResponse()

    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(ask, hang)
        begun.wait(10)
        refused = ask(well)
        assert (refused.status_code, refused["Retry-After"]) == (503, "1")
        assert ask(well, "/healthz").status_code == 200
        release.set()
        assert hanging.result().status_code == 200
    assert ask(well).status_code == 200


@pytest.mark.usefixtures("db")
def test_a_streamed_answer_keeps_its_seat_until_it_is_closed() -> None:
    streamed = ask(lambda _: StreamingHttpResponse(iter(["a"])))
    assert ask(well).status_code == 503
    streamed.close()
    assert ask(well).status_code == 200


def test_a_view_that_raises_leaves_its_seat() -> None:
    def fail(_: Any) -> HttpResponse:
        raise ValueError

    for _ in range(2):
        with pytest.raises(ValueError):  # noqa: PT011
            ask(fail)
    assert ask(well).status_code == 200
