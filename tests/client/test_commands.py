"""`cityweather import`, `status`, `results`, … as a user runs them: what is printed, and the exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cityweather_client.main import main
from cityweather_client.multipart import FileUnreadable, Multipart
from cityweather_dev.processes import free_port
from tests.support.scripted import JOB, Scripted, always, in_turn, job, run

WEATHER = {"city": "Oslo", "country": "NO", "temperature": 0.56, "humidity": 58, "description": "overcast clouds",
           "condition": "Clouds", "stale": False}  # fmt: skip


def row(city: str, error: str | None = None) -> dict[str, Any]:
    weather = None if error else {"temperature": -1.5, "condition": "Clouds", "humidity": 80}
    return {"city": city, "status": "failed" if error else "success", "last_error": error, "weather": weather}


def test_the_client_needs_neither_django_nor_settings() -> None:
    code = "import sys; from cityweather_client import main; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("command", ["import", "status", "rerun", "results", "rejected", "schedule", "weather"])
def test_help_tells_exit_codes_and_examples(command: str) -> None:
    said = run(command, "--help").stdout
    assert f"  cityweather {command} " in said
    assert "exit codes:" in said
    assert "  130  " in said
    assert "--data DIR" in said
    assert run("help", command).stdout == said
    assert f"\n    {command} " in run("--help").stdout


def test_the_bare_list_of_djangos_commands_stays_bare() -> None:
    assert "import_cities" in run("help", "--commands").stdout.splitlines()
    assert "With a service anywhere" not in run("help", "--commands").stdout


DRY_RUN = {
    "encoding": "cp1252", "delimiter": "semicolon", "header": True, "compression": "gzip", "column": "Ort",
    "country_column": "Land", "region_column": None, "latitude_column": 4, "longitude_column": 5, "columns": [],
    "rows": [
        {"line": 2, "city": "M\u00fcnchen, DE", "ambiguous": 0, "matched": {
            "name": "Munich", "region": "Bavaria", "country": "DE", "latitude": 48.137, "longitude": 11.575,
            "source": "gazetteer"}},
        {"line": 3, "city": "Springfield", "ambiguous": 1, "matched": {
            "name": None, "region": None, "country": None, "latitude": 1.0, "longitude": 2.0, "source": "file"}},
        {"line": 4, "city": "Xyzzy\u001b", "ambiguous": 0, "matched": None},
    ],
    "total": 5_000, "duplicates": 2, "rejected": 1, "reasons": [{"line": 9, "code": "no_name", "text": ";;"}],
    "sampled": 2_000, "unmatched": 400, "ambiguous": 1_200, "requests": 5_400, "seconds": 5_700.0,
    "finished_at": "2026-11-29T10:00:00.000Z",
}  # fmt: skip


def test_a_dry_run_says_what_an_import_would_do(server: Scripted, tmp_path: Path) -> None:
    (tmp_path / "towns.csv").write_text("x;y\n")
    server.on["POST", "/bulk/import"] = always(DRY_RUN)
    options = ("--column", "x", "--country-column", "y", "--latitude-column", "4", "--longitude-column", "5")
    done = run("import", str(tmp_path / "towns.csv"), "--dry-run", *options, "--server", server.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout
        == """\
encoding   cp1252, gzip
delimiter  semicolon
header     yes
city       Ort
country    Land
latitude   column 4
longitude  column 5

line    city                                place
2       München, DE                         Munich, Bavaria, DE (48.14, 11.57)
3       Springfield                         1.00, 2.00, or 1 other place
4       Xyzzy?                              not in the gazetteer: the provider is asked

5,003 rows = 5,000 cities + 2 duplicates + 1 refused
  line 9: no_name: ;;
About 1,200 ambiguous, 400 not in the gazetteer, 5,400 requests; the quota allows them within 95 min.
Nothing was imported.
"""
    )
    ((_, _, headers, body),) = server.got
    assert "idempotency-key" not in headers
    for field in ("dry_run", "column", "country_column", "latitude_column", "longitude_column"):
        assert f'name="{field}"' in body.decode()


def test_weather_is_a_line_or_the_answer_as_it_is(server: Scripted) -> None:
    server.on["GET", "/weather"] = always(WEATHER)
    done = run("weather", "Oslo,NO", "--server", server.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Oslo, NO: 0.6 °C, overcast clouds, humidity 58 %\n", "")
    assert json.loads(run("weather", "Oslo", "--json", CITYWEATHER_SERVER=server.url).stdout) == WEATHER
    assert server.got[0][1] == "/weather?city=Oslo%2CNO&units=metric"


def test_the_key_is_sent_without_its_name_and_never_shown(server: Scripted) -> None:
    server.on["GET", f"/bulk/jobs/{JOB}"] = always({"detail": "This API key is not valid here.", "code": "x"}, 403)
    done = run("status", JOB, "--server", server.url, key="ops:very-secret,other:key")
    assert server.got[0][2]["x-api-key"] == "very-secret"
    assert (done.returncode, done.stdout) == (4, "")
    assert "This API key is not valid here. Give the key with CITYWEATHER_API_KEY or --api-key." in done.stderr
    assert "very-secret" not in done.stderr
    run("status", JOB, "--server", server.url, "--api-key", "told", key="from-the-environment")
    assert server.got[1][2]["x-api-key"] == "told"


def test_a_redirect_is_not_followed_with_the_key(server: Scripted) -> None:
    server.on["GET", "/weather"] = always(b"", 301, Location="https://elsewhere.example.com/weather")
    done = run("weather", "Oslo", "--server", server.url, key="k")
    assert done.returncode == 4
    assert "elsewhere.example.com" in done.stderr


def test_no_server_is_exit_3_with_what_to_do() -> None:
    done = run("weather", "Oslo", "--server", f"http://127.0.0.1:{free_port()}")
    assert (done.returncode, done.stdout) == (3, "")
    assert "not reachable" in done.stderr
    assert "--server" in done.stderr
    assert "--data" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [["weather"], ["import", "no-such.csv"], ["weather", "Oslo", "--server", "example.com"], ["status"]]
)
def test_what_is_not_understood_is_exit_2(arguments: list[str]) -> None:
    assert run(*arguments).returncode == 2


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (job("running"), 0), (job("done", 4), 0), (job("done", 4, failed=1), 1), (job("cancelled", 2), 1),
        (job("failed", 0, error="The key is refused."), 1),
    ],
)  # fmt: skip
def test_status_is_a_line_whose_exit_code_tells_the_end(server: Scripted, found: dict[str, Any], code: int) -> None:
    server.on["GET", f"/bulk/jobs/{JOB}"] = always(found)
    done = run("status", JOB, "--server", server.url)
    assert done.returncode == code
    assert f"{found['status']}  {found['processed']} of 4 ({found['progress']} %)" in done.stdout
    assert (found["error"] or "") in done.stdout
    assert json.loads(run("status", JOB, "--json", "--server", server.url).stdout) == found


def test_import_prints_the_job_alone_and_sends_options_before_the_file(server: Scripted, tmp_path: Path) -> None:
    server.on["POST", "/bulk/import"] = always(job("queued", 0), 202)
    file = tmp_path / 'a "b".csv'
    file.write_bytes(b"city\nOslo\n")
    told = ["--encoding", "cp1252", "--no-header", "--callback-url", "https://example.com/x"]
    done = run("import", str(file), *told, "--server", server.url)
    assert (done.returncode, done.stdout) == (0, f"{JOB}\n")
    assert "5 rows = 4 cities + 1 duplicates + 0 refused" in done.stderr
    (_, _, headers, body) = server.got[0]
    assert headers["idempotency-key"].startswith("shell-")
    for part in (b'name="encoding"\r\n\r\ncp1252', b'name="header"\r\n\r\nfalse', b'name="callback_url"\r\n\r\nhttps:'):
        assert 0 < body.index(part) < body.index(b'name="file"; filename="a %22b%22.csv"') < body.index(b"city\nOslo\n")


def refusing(server: Scripted, rows: int, *codes: str) -> None:
    """An import of so many rows, with one refused for each of the codes."""
    server.on["POST", "/bulk/import"] = always(job("queued", 0, rows_read=rows, rejected=len(codes)), 202)
    found = [{"line": 2 + number, "code": code, "text": "x"} for number, code in enumerate(codes)]
    server.on["GET", f"/bulk/jobs/{JOB}/rejected"] = always({"results": found[:200], "next": None})


@pytest.fixture
def cities(tmp_path: Path) -> Path:
    file = tmp_path / "cities.csv"
    file.write_bytes(b"city\nOslo\n")
    return file


def test_an_import_tells_why_rows_were_refused_and_where_they_are(server: Scripted, cities: Path) -> None:
    refusing(server, 12, "no_name", "bad_quotes", "no_name")
    done = run("import", str(cities), "--server", server.url)
    assert (done.returncode, done.stdout) == (0, f"{JOB}\n")
    assert f"3 refused: 2 no_name, 1 bad_quotes; cityweather rejected {JOB}" in done.stderr
    assert "Warning" not in done.stderr


def test_an_import_of_which_most_was_refused_warns(server: Scripted, cities: Path) -> None:
    refusing(server, 257, *["too_many_cells"] * 250)
    done = run("import", str(cities), "--server", server.url)
    assert (done.returncode, done.stdout) == (0, f"{JOB}\n")
    assert "250 refused: 200 too_many_cells (of the first 200); " in done.stderr
    assert "Warning: more than half of the rows were refused. Is cities.csv a CSV of cities?" in done.stderr


def test_an_import_whose_refused_rows_cannot_be_read_has_succeeded(server: Scripted, cities: Path) -> None:
    refusing(server, 12, "no_name")
    server.on["GET", f"/bulk/jobs/{JOB}/rejected"] = lambda handler: handler.hang_up()
    done = run("import", str(cities), "--server", server.url)
    assert (done.returncode, done.stdout) == (0, f"{JOB}\n")
    assert f"1 refused; cityweather rejected {JOB}" in done.stderr


def test_a_folder_is_no_file_to_import(tmp_path: Path) -> None:
    done = run("import", str(tmp_path))
    assert (done.returncode, f"{tmp_path} is a folder" in done.stderr) == (2, True)


def test_an_import_whose_answer_is_lost_is_sent_again_with_the_same_key(server: Scripted, tmp_path: Path) -> None:
    server.on["POST", "/bulk/import"] = in_turn(lambda handler: handler.hang_up(), always(job("queued", 0), 202))
    file = tmp_path / "cities.csv"
    file.write_bytes(b"city\nOslo\n")
    done = run("import", str(file), "--server", server.url)
    assert (done.returncode, done.stdout) == (0, f"{JOB}\n")
    assert "Asking again in 1 s." in done.stderr
    assert len({headers["idempotency-key"] for _, _, headers, _ in server.got}) == 1
    assert [b"city\nOslo\n" in body for *_, body in server.got] == [True, True]


def test_a_refused_import_is_exit_4_and_not_repeated(server: Scripted, tmp_path: Path) -> None:
    server.on["POST", "/bulk/import"] = always({"detail": "The file holds no usable city.", "code": "no_cities"}, 400)
    file = tmp_path / "cities.csv"
    file.write_bytes(b"\n")
    done = run("import", str(file), "--server", server.url)
    assert (done.returncode, len(server.got)) == (4, 1)
    assert "The file holds no usable city." in done.stderr


def test_following_in_a_pipe_writes_plain_lines_and_the_reasons(server: Scripted) -> None:
    here = f"/bulk/jobs/{JOB}"
    server.on["GET", here] = in_turn(always(job()), always(job("done", 4, failed=1)))
    server.on["GET", f"{here}/summary"] = always({"failures": [{"reason": "unknown_city", "count": 1}]})
    done = run("status", JOB, "--follow", "--server", server.url)
    assert done.returncode == 1
    assert not set("\x1b\r") & set(done.stderr + done.stdout)
    assert "1 of 4  25 %" in done.stderr
    assert "1  unknown_city" in done.stderr
    assert done.stdout == ""
    told = run("status", JOB, "--follow", "--json", "--server", server.url)
    assert json.loads(told.stdout) == job("done", 4, failed=1)


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


def test_results_as_csv_are_the_services_own_bytes(server: Scripted) -> None:
    server.on["GET", f"/bulk/jobs/{JOB}/results"] = always("position,city\r\n0,Tromsø\r\n".encode())
    done = run("results", JOB, "--format", "csv", "--server", server.url)
    assert done.stdout == "position,city\n0,Tromsø\n"  # text mode of the test's pipe
    assert "format=csv" in server.got[0][1]


def test_rerun_prints_the_new_job_and_follows_it_if_asked(server: Scripted) -> None:
    server.on["POST", "/bulk/jobs/old-1/rerun"] = always(job("queued", 0), 202)
    server.on["GET", f"/bulk/jobs/{JOB}"] = always(job("done", 4))
    done = run("rerun", "old-1", "--only", "failed", "--older-than", "6h", "--server", server.url)
    assert (done.returncode, done.stdout) == (0, f"{JOB}\n")
    assert "4 cities to refresh again" in done.stderr
    assert server.got[0][1].endswith("/rerun?only=failed&older_than=6h")
    assert server.got[0][2]["idempotency-key"].startswith("shell-")
    followed = run("rerun", "old-1", "--follow", "--idempotency-key", "k", "--server", server.url)
    assert (followed.returncode, followed.stdout) == (0, f"{JOB}\n")
    assert server.got[1][1].endswith("/rerun")
    assert server.got[1][2]["idempotency-key"] == "k"


@pytest.mark.parametrize("form", ["csv", "ndjson", "geojson"])
def test_results_in_other_formats_and_units(server: Scripted, form: str) -> None:
    server.on["GET", f"/bulk/jobs/{JOB}/results"] = always(b"x\n")
    done = run("results", JOB, "--format", form, "--units", "imperial", "--server", server.url)
    assert done.stdout == "x\n"
    assert server.got[0][1].endswith(f"?format={form}&units=imperial")


def test_the_table_names_its_units(server: Scripted) -> None:
    server.on["GET", f"/bulk/jobs/{JOB}/results"] = always({"results": [], "next": None})
    for units, degrees in (("metric", "°C"), ("imperial", "°F")):
        assert degrees in run("results", JOB, "--units", units, "--server", server.url).stdout


def test_refused_rows_as_a_table_json_or_the_services_own_bytes(server: Scripted) -> None:
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


def test_a_download_that_breaks_off_is_exit_3(server: Scripted) -> None:
    def cut(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"position\r\n")
        handler.hang_up()

    server.on["GET", f"/bulk/jobs/{JOB}/results"] = cut
    done = run("results", JOB, "--format", "csv", "--server", server.url)
    assert done.returncode == 3
    assert "broke off" in done.stderr


def test_a_reader_that_has_seen_enough_ends_it_quietly(server: Scripted) -> None:
    server.on["GET", f"/bulk/jobs/{JOB}/results"] = always(b"0,Oslo\r\n" * 100_000)
    command = [sys.executable, "-m", "cityweather", "results", JOB, "--format", "csv", "--server", server.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reading:
        assert reading.stdout is not None
        assert reading.stderr is not None
        assert reading.stdout.readline() == b"0,Oslo\r\n"
        reading.stdout.close()
        assert (reading.stderr.read(), reading.wait(30)) == (b"", 0)


def test_a_pipe_is_sent_as_a_file(server: Scripted) -> None:
    server.on["POST", "/bulk/import"] = always(job("queued", 0), 202)
    for name in ("-", "/dev/stdin"):
        done = run("import", name, "--server", server.url, stdin="city\nOslo\n")
        assert (done.returncode, done.stdout) == (0, f"{JOB}\n"), done.stderr
    assert [b"\r\n\r\ncity\nOslo\n\r\n" in body for *_, body in server.got] == [True, True]


def test_bytes_that_are_no_text_hint_at_the_encoding(server: Scripted, cities: Path) -> None:
    refusing(server, 12, "bad_encoding")
    assert "try --encoding cp1252" in run("import", str(cities), "--server", server.url).stderr
    assert "try --encoding" not in run("import", str(cities), "--encoding", "cp1252", "--server", server.url).stderr


def test_form_fields_of_a_refusal_are_told_as_options(server: Scripted, cities: Path) -> None:
    detail = "Say column= with a number. Say encoding=utf-16-le or delimiter=tab."
    server.on["POST", "/bulk/import"] = always({"detail": detail, "code": "no_city_column"}, 400)
    said = run("import", str(cities), "--server", server.url).stderr
    assert "Say --column with a number. Say --encoding utf-16-le or --delimiter tab." in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", ""], ["status", "../cities"], ["results", "a b"], ["weather", "\udcff"],
        ["weather", "Oslo", "--server", "http://127.0.0.1:99999"], ["weather", "Oslo", "--server", "http://[::1"],
        ["weather", "Oslo", "--server", "http://:80"], ["weather", "Oslo", "--api-key", "two\nlines"],
        ["weather", "Oslo", "--api-key", "schlüssel"], ["import", "README.md", "--idempotency-key", "ключ"],
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_a_sentence_at_once(arguments: list[str]) -> None:
    done = run(*arguments, CITYWEATHER_SERVER="http://127.0.0.1:1")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert "Asking again" not in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_exit_2(cities: Path) -> None:
    cities.chmod(0)
    done = run("import", str(cities), "--server", "http://127.0.0.1:1")
    assert (done.returncode, "cannot be read" in done.stderr) == (2, True)


def test_a_file_that_breaks_while_it_is_read_is_no_fault_of_the_server(
    server: Scripted, cities: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(self: Multipart, size: int = -1) -> bytes:
        raise FileUnreadable("cities.csv cannot be read: Input/output error.")

    monkeypatch.setattr(Multipart, "_read_file", broken)
    assert main(["import", str(cities), "--server", server.url]) == 2
    assert "Input/output error" in capsys.readouterr().err


def test_https_before_a_plain_service_is_exit_2_at_once(server: Scripted) -> None:
    done = run("weather", "Oslo", "--server", server.url.replace("http:", "https:"))
    assert (done.returncode, "speaks no TLS" in done.stderr) == (2, True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
@pytest.mark.parametrize("arguments", [["weather", "Oslo"], ["results", JOB], ["results", JOB, "--format", "csv"]])
def test_a_full_disk_behind_the_output_is_exit_74(server: Scripted, arguments: list[str]) -> None:
    server.on["GET", "/weather"] = always(WEATHER)
    server.on["GET", f"/bulk/jobs/{JOB}/results"] = always({"results": [row("Oslo")], "next": None})
    command = [sys.executable, "-m", "cityweather", *arguments, "--server", server.url]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 74
    assert done.stderr == "The output could not be written: No space left on device.\n"


def test_a_closed_output_is_no_traceback(server: Scripted) -> None:
    server.on["GET", "/weather"] = always(WEATHER)
    command = f"{sys.executable} -m cityweather weather Oslo --server {server.url} >&-"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_that_cannot_show_a_letter_gets_its_code(server: Scripted) -> None:
    server.on["GET", "/weather"] = always({**WEATHER, "city": "東京"})
    done = run("weather", "Tokyo", "--server", server.url, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (done.returncode, done.stdout[:12]) == (0, "\\u6771\\u4eac")


def test_an_answer_that_is_not_ours_is_a_sentence(server: Scripted) -> None:
    server.on["GET", "/weather"] = always(b"<html>hello</html>")
    done = run("weather", "Oslo", "--server", server.url)
    assert (done.returncode, "is this the address of a CityWeather+ service?" in done.stderr) == (4, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["up", "--port", "99999"], ["up", "--workers", "-1"], ["up", "--workers", "0"], ["demo", "--cities", "0"],
        ["demo", "--port", "x"], ["redis", "--port", "-1"], ["simulator", "--port", "70000"],
        ["simulator", "--error-rate", "2"], ["make_cities", "x.csv", "--count", "-5"],
    ],
)  # fmt: skip
def test_ports_and_counts_out_of_range_are_exit_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not a" in done.stderr
    assert "Traceback" not in done.stderr
