"""`cityweather results` and `rejected`: tables, JSON, and the files that the service sends."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.support.scripted import JOB, Scripted, always, in_turn, row, run


def test_results_come_page_by_page_as_a_table_or_json(server: Scripted) -> None:
    path = f"/bulk/jobs/{JOB}/results"
    pages = [{"results": [row("Oslo")], "next": f"{path}?cursor=abc&limit=200"},
             {"results": [row("Nowhere\x1b[31m", "unknown_city")], "next": None}]  # fmt: skip
    server.on["GET", path] = lambda handler: handler.answer(pages["cursor=abc" in handler.path])
    lines = run("results", JOB, "--server", server.url).stdout.splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["Oslo", "success", "-1.5", "Clouds", "80"],
        ["Nowhere?[31m", "failed", "unknown_city"],
    ]
    found = run("results", JOB, "--format", "json", "--status", "failed", "--server", server.url).stdout
    assert json.loads(found) == [row("Oslo"), row("Nowhere\x1b[31m", "unknown_city")]
    assert all("status=failed" in path for _, path, *_ in server.got[2:])


@pytest.mark.parametrize("options", [[], ["--format", "json"], ["--format", "csv"]])
@pytest.mark.parametrize("command", ["results", "rejected"])
def test_a_refusal_leaves_nothing_on_stdout(server: Scripted, command: str, options: list[str]) -> None:
    server.on["GET", f"/bulk/jobs/{JOB}/{command}"] = always({"detail": "There is no such job.", "code": "x"}, 404)
    done = run(command, JOB, *options, "--server", server.url)
    assert (done.returncode, done.stdout) == (4, "")
    assert "There is no such job." in done.stderr


def test_results_as_csv_are_the_services_own_bytes(server: Scripted) -> None:
    server.on["GET", f"/bulk/jobs/{JOB}/results"] = always("position,city\r\n0,Tromsø\r\n".encode())
    done = run("results", JOB, "--format", "csv", "--server", server.url)
    assert done.stdout == "position,city\n0,Tromsø\n"  # text mode of the test's pipe
    assert "format=csv" in server.got[0][1]


@pytest.mark.parametrize("form", ["csv", "ndjson", "geojson"])
def test_results_in_other_formats_and_units(server: Scripted, form: str) -> None:
    server.on["GET", f"/bulk/jobs/{JOB}/results"] = always(b"x\n")
    done = run("results", JOB, "--format", form, "--units", "imperial", "--server", server.url)
    assert done.stdout == "x\n"
    assert server.got[0][1].endswith(f"?format={form}&units=imperial")


def test_the_table_shows_the_places_and_how_many_others_fit(server: Scripted) -> None:
    point = {"latitude": 39.801, "longitude": -89.643}
    place = {"name": "Springfield", "region": "Illinois", "country": "US"} | point
    nameless = {"name": None, "region": None, "country": None} | point
    rows = [
        row("Springfield", matched=place, ambiguous=12),
        row("Oslo", matched=nameless),
        row("Springfield", "ambiguous_city", ambiguous=3),
    ]
    server.on["GET", f"/bulk/jobs/{JOB}/results"] = always({"results": rows, "next": None})
    header, *lines = run("results", JOB, "--server", server.url).stdout.splitlines()
    reason, ambiguous, last = (header.index(name) for name in ("reason", "ambiguous", "place"))
    cells = [[line[reason:ambiguous].strip(), line[ambiguous:last].strip(), line[last:]] for line in lines]
    assert cells == [
        ["", "12", "Springfield, Illinois, US"], ["", "", "39.80, -89.64"], ["ambiguous_city", "3", ""],
    ]  # fmt: skip


def test_the_table_names_its_units(server: Scripted) -> None:
    server.on["GET", f"/bulk/jobs/{JOB}/results"] = always({"results": [], "next": None})
    for units, degrees in (("metric", "°C"), ("imperial", "°F")):
        assert degrees in run("results", JOB, "--units", units, "--server", server.url).stdout


def test_rejected_rows_as_a_table_json_or_the_services_own_bytes(server: Scripted) -> None:
    path = f"/bulk/jobs/{JOB}/rejected"
    found = {"line": 7, "code": "bad_quotes", "text": '"Os\x1b[31mlo'}
    server.on["GET", path] = in_turn(*[always({"results": [found], "next": None})] * 2, always(b"line,code,text\r\n"))
    table = run("rejected", JOB, "--server", server.url).stdout.splitlines()
    assert [line.split() for line in table] == [["line", "code", "text"], ["7", "bad_quotes", '"Os?[31mlo']]
    assert json.loads(run("rejected", JOB, "--format", "json", "--server", server.url).stdout) == [found]
    assert run("rejected", JOB, "--format", "csv", "--server", server.url).stdout == "line,code,text\n"
    assert "format=csv" in server.got[2][1]


def test_a_csv_that_has_to_wait_for_others_is_asked_for_again(server: Scripted) -> None:
    busy = always({"detail": "Too many downloads run at once.", "code": "x"}, 503, Retry_After="1")
    server.on["GET", f"/bulk/jobs/{JOB}/results"] = in_turn(busy, always(b"position\r\n"))
    done = run("results", JOB, "--format", "csv", "--server", server.url)
    assert (done.returncode, done.stdout) == (0, "position\n")
    assert "Asking again in 1 s." in done.stderr


@pytest.mark.parametrize("command", ["results", "rejected"])
@pytest.mark.parametrize(
    ("header", "body"),
    [(("Content-Length", "1000"), b"position\r\n"), (("Transfer-Encoding", "chunked"), b"a\r\nposition\r\n\r\n")],
)
def test_a_download_that_breaks_off_is_exit_3(
    server: Scripted, command: str, header: tuple[str, str], body: bytes
) -> None:
    def cut(handler: Any) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header(*header)
        handler.end_headers()
        handler.wfile.write(body)
        handler.hang_up()

    server.on["GET", f"/bulk/jobs/{JOB}/{command}"] = cut
    done = run(command, JOB, "--format", "csv", "--server", server.url)
    assert done.returncode == 3
    assert "broke off" in done.stderr
    assert "The download is incomplete" in done.stderr
    assert "Does the service run?" not in done.stderr


def test_a_reader_that_closes_the_pipe_ends_it_quietly(server: Scripted) -> None:
    server.on["GET", f"/bulk/jobs/{JOB}/results"] = always(b"0,Oslo\r\n" * 100_000)
    command = [sys.executable, "-m", "cityweather", "results", JOB, "--format", "csv", "--server", server.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reading:
        assert reading.stdout is not None
        assert reading.stderr is not None
        assert reading.stdout.readline() == b"0,Oslo\r\n"
        reading.stdout.close()
        assert (reading.stderr.read(), reading.wait(30)) == (b"", 0)
