"""A server that is unreachable for a while is waited for, with growing pauses, and not for ever."""

from typing import Any

import pytest
import requests
from rich.console import Console

from cityweather_client import show
from cityweather_client.follow import Unreachable, follow, retry
from cityweather_client.service import Refused, Service
from tests.support.scripted import JOB, Scripted, always, in_turn, job

HERE = ("GET", f"/bulk/jobs/{JOB}")


def test_a_restart_is_shown_and_survived(server: Scripted, capsys: pytest.CaptureFixture[str]) -> None:
    unreachable = always({"detail": "The database does not answer.", "code": "x"}, 503, Retry_After="7")
    server.on[HERE] = in_turn(always(job()), lambda handler: handler.hang_up(), unreachable, always(job("done", 4)))
    slept: list[float] = []
    with show.bar(Console()) as bar:
        assert follow(Service(server.url, ""), JOB, bar, slept.append)["status"] == "done"
    assert slept == [1.0, 1.0, 7.0]
    output = capsys.readouterr().out
    assert "The database does not answer. Asking again in 7 s." in output
    assert "The server answers again." in output


def test_a_job_that_waits_is_asked_for_less_often(server: Scripted) -> None:
    server.on[HERE] = in_turn(always(job(waiting_for="quota")), always(job(phase="paused")), always(job("done", 4)))
    slept: list[float] = []
    with show.bar(Console(quiet=True)) as bar:
        follow(Service(server.url, ""), JOB, bar, slept.append)
    assert slept == [5.0, 5.0]


def test_pauses_grow_and_it_gives_up() -> None:
    slept: list[float] = []

    def call() -> dict[str, Any]:
        raise requests.ConnectionError

    with pytest.raises(Unreachable, match="not reachable"):
        retry(call, lambda _: None, slept.append, patience=60)
    assert slept == [1, 2, 4, 8, 15, 15, 15]


def test_a_certificate_that_is_not_trusted_is_final_and_a_broken_handshake_is_not() -> None:
    slept: list[float] = []

    def call(words: str) -> None:
        raise requests.exceptions.SSLError(words)

    with pytest.raises(Unreachable, match="certificate is not trusted"):
        retry(lambda: call("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"), lambda _: None, slept.append)
    assert slept == []
    with pytest.raises(Unreachable, match="broke off the TLS handshake"):
        retry(lambda: call("[SSL: UNEXPECTED_EOF_WHILE_READING]"), lambda _: None, slept.append, patience=3)
    assert slept == [1, 2]


def test_the_last_answer_of_a_server_that_goes_on_refusing_is_printed(server: Scripted) -> None:
    server.on[HERE] = always({"detail": "Too many requests.", "code": "throttled"}, 429, Retry_After="40")
    service = Service(server.url, "")
    slept: list[float] = []
    with pytest.raises(Refused, match="Too many requests"):
        retry(lambda: service.job(JOB), lambda _: None, slept.append, patience=60)
    assert slept == [40]


def test_too_many_open_jobs_are_not_waited_for(server: Scripted) -> None:
    server.on[HERE] = always({"detail": "100 jobs are open.", "code": "too_many_jobs"}, 429)
    service = Service(server.url, "")
    with pytest.raises(Refused, match="100 jobs"):
        retry(lambda: service.job(JOB), lambda _: None)


def test_what_does_not_pass_is_not_asked_again(server: Scripted) -> None:
    server.on[HERE] = always({"detail": "There is no such job.", "code": "job_not_found"}, 404)
    with show.bar(Console(quiet=True)) as bar, pytest.raises(Refused) as refused:
        follow(Service(server.url, ""), JOB, bar)
    assert (refused.value.detail, len(server.got)) == ("There is no such job.", 1)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (99, "99 s"), (100, "2 min"), (6_000, "2 h"), (100_800, "28 h"), (1e6, "12 days")],
)
def test_a_duration_has_a_unit_that_suits_it(seconds: float, words: str) -> None:
    assert show.duration(seconds) == words
    assert f"about {words} to go" in show.line(job(eta_seconds=seconds))


@pytest.mark.parametrize("found", [job(processed=4, eta_seconds=0), job(phase="finishing", eta_seconds=0)])
def test_a_job_with_every_row_counted_is_finishing(found: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    with show.bar(Console(force_terminal=False)) as bar:
        bar.update(found, 0.0)
        bar.update(job("done", 4), 99.0)
    first, last = capsys.readouterr().out.splitlines()
    assert first.endswith("%  finishing")
    assert "finishing" not in last
    assert show.line(found).endswith("  finishing")


def test_lines_in_a_pipe_come_when_something_moved_or_after_half_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    with show.bar(Console(force_terminal=False)) as bar:
        for now, processed in [(0, 1), (1, 2), (2, 2), (10, 2), (31, 2), (33, 2), (34, 3), (35, 3)]:
            bar.update(job(processed=processed), float(now))
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["1", "2", "2", "3"]


@pytest.mark.parametrize(
    ("reason", "words"), [("drain", "`cityweather resume`"), ("key", "to take the key"), ("flush", "for the database")]
)
def test_a_job_that_waits_shows_for_what_and_how_it_goes_on(reason: str, words: str) -> None:
    assert words in show.line(job(waiting_for=reason))
