"""`cityweather schedule …` against a scripted service."""

import json
from typing import Any

import pytest

from tests.support.scripted import JOB, Scripted, always, run

ID = "0b9b2f4e-6c1d-4c0e-8f0e-2f3a4b5c6d7e"
PATH = f"/bulk/schedules/{ID}"


def schedule(**fields: Any) -> dict[str, Any]:
    shown = {
        "schedule_id": ID, "job_id": "job-1", "every": "1h", "cron": "", "timezone": "UTC", "label": "Towns",
        "paused": False, "pause_reason": None, "next_at": "2026-11-29T07:00:00.000Z", "last_job": None, "skipped": 0,
    }  # fmt: skip
    return {**shown, **fields}


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (["--every", "1h", "--label", "Towns"], {"every": "1h", "timezone": "UTC", "label": "Towns"}),
        (
            ["--cron", "0 6 * * *", "--timezone", "Europe/Rome"],
            {"cron": "0 6 * * *", "timezone": "Europe/Rome", "label": ""},
        ),
    ],
)
def test_add_prints_the_schedule_alone(server: Scripted, options: list[str], sent: dict[str, str]) -> None:
    server.on["POST", "/bulk/schedules"] = always(schedule(), 201)
    done = run("schedule", "add", JOB, *options, "--server", server.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{ID}\n", "")
    assert json.loads(server.got[0][3]) == {"job_id": JOB, **sent}


def test_add_takes_a_file_of_the_server_instead_of_a_job(server: Scripted) -> None:
    server.on["POST", "/bulk/schedules"] = always(schedule(), 201)
    assert run("schedule", "add", "--path", "towns.csv", "--every", "1h", "--server", server.url).returncode == 0
    assert json.loads(server.got[0][3]) == {"path": "towns.csv", "every": "1h", "timezone": "UTC", "label": ""}
    for neither_or_both in ([], [JOB, "--path", "towns.csv"]):
        assert run("schedule", "add", *neither_or_both, "--every", "1h").returncode == 2


def test_add_needs_one_kind_of_moments() -> None:
    for options in ([], ["--every", "1h", "--cron", "0 6 * * *"]):
        assert run("schedule", "add", JOB, *options).returncode == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["add", "--path", "", "--every", "1h"], "argument --path: it is empty."),
        (["add", JOB, "--every", ""], "argument --every: it is empty."),
        (["add", JOB, "--cron", " "], "argument --cron: it is empty."),
        (["add", JOB, "--cron", "0 6 * * *", "--timezone", ""], "argument --timezone: it is empty."),
        (["add", "", "--every", "1h"], "argument job: '' is not the id of a job."),
        (["show", ""], "argument schedule: '' is not the id of a schedule."),
    ],
)
def test_an_empty_argument_is_named(arguments: list[str], sentence: str) -> None:
    done = run("schedule", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    command = f"cityweather schedule {arguments[0]}"
    assert done.stderr == f"{command}: {sentence} See `{command} --help`.\n"


def test_a_refusal_is_shown(server: Scripted) -> None:
    server.on["POST", "/bulk/schedules"] = always({"detail": "Too often.", "code": "too_often"}, 400)
    done = run("schedule", "add", JOB, "--every", "1m", "--server", server.url)
    assert (done.returncode, done.stdout) == (4, "")
    assert "Too often." in done.stderr


def test_list_and_show_print_when_a_schedule_runs_and_what_stops_it(server: Scripted) -> None:
    paused = schedule(every=None, cron="0 6 * * *", paused=True, pause_reason="The key is refused.", skipped=3)
    server.on["GET", "/bulk/schedules"] = always({"results": [schedule(last_job=JOB), paused], "next": None})
    lines = run("schedule", "list", "--server", server.url).stdout.splitlines()
    assert lines == [
        f"{ID}  every 1h  Towns  cities of job job-1  next 2026-11-29T07:00:00.000Z  last job {JOB}",
        f"{ID}  cron 0 6 * * * UTC  Towns  cities of job job-1  paused: The key is refused.  no job yet  3 skipped",
    ]
    server.on["GET", PATH] = always(schedule(last_job=JOB))
    assert run("schedule", "show", ID, "--server", server.url).stdout.splitlines() == lines[:1]


@pytest.mark.parametrize(("action", "paused"), [("pause", True), ("resume", False)])
def test_pause_and_resume(server: Scripted, action: str, paused: bool) -> None:
    server.on["PATCH", PATH] = always(schedule(paused=paused))
    done = run("schedule", action, ID, "--server", server.url)
    assert ("  paused" in done.stdout) is paused
    assert json.loads(server.got[0][3]) == {"paused": paused}


def test_delete_prints_nothing(server: Scripted) -> None:
    server.on["DELETE", PATH] = always(b"", 204)
    done = run("schedule", "delete", ID, "--server", server.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
