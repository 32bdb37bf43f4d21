"""The shell commands as a user runs them: help, keys, answers, what is printed, and the exit code."""

import json
import socketserver
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import cityweather
from cityweather_client.service import NoTls, Service
from cityweather_dev.processes import free_port
from tests.support.scripted import JOB, Scripted, always, in_turn, job, run

WEATHER = {"city": "Oslo", "country": "NO", "temperature": 0.56, "humidity": 58, "description": "overcast clouds",
           "condition": "Clouds", "stale": False}  # fmt: skip


def test_the_client_needs_neither_django_nor_settings() -> None:
    code = "import sys; from cityweather_client import main; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "command", ["import", "status", "cancel", "rerun", "results", "rejected", "schedule", "weather"]
)
def test_help_lists_exit_codes_and_examples(command: str) -> None:
    output = run(command, "--help").stdout
    assert f"  cityweather {command} " in output
    assert "exit codes:" in output
    assert "  130  " in output
    assert "--data DIR" in output
    assert run("help", command).stdout == output
    assert f"\n    {command} " in run("--help").stdout


def test_the_bare_list_of_djangos_commands_stays_bare() -> None:
    assert "import_cities" in run("help", "--commands").stdout.splitlines()
    assert "With a service anywhere" not in run("help", "--commands").stdout


def test_weather_is_a_line_or_the_answer_as_it_is(server: Scripted) -> None:
    server.on["GET", "/weather"] = always(WEATHER)
    done = run("weather", "Oslo,NO", "--server", server.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Oslo, NO: 0.6 °C, overcast clouds, humidity 58 %\n", "")
    assert json.loads(run("weather", "Oslo", "--json", CITYWEATHER_SERVER=server.url).stdout) == WEATHER
    assert server.got[0][1] == "/weather?city=Oslo%2CNO&units=metric"


def test_an_ambiguous_city_is_shown_with_its_region_and_how_many_others_there_are(server: Scripted) -> None:
    matched = {"name": "Portland", "region": "Oregon", "country": "US"}
    found = WEATHER | {"city": "Portland", "country": "US", "matched": matched}
    server.on["GET", "/weather"] = always(found | {"ambiguous": 3})
    output = run("weather", "Portland", "--server", server.url).stdout
    assert output.startswith("Portland, Oregon, US: ")
    assert output.endswith(", 3 other places have this name\n")
    server.on["GET", "/weather"] = always(found | {"ambiguous": 1})
    assert run("weather", "Portland", "--server", server.url).stdout.endswith(", 1 other place has this name\n")


@pytest.mark.parametrize(
    ("wait", "words"), [({"Retry_After": "40"}, "Try again in 40 s."), ({}, "Try again after the time given.")]
)
def test_a_throttled_client_names_the_seconds(server: Scripted, wait: dict[str, str], words: str) -> None:
    refusal = {"detail": "Too many requests: 60/min are allowed. Try again after the time given.", "code": "throttled"}
    server.on["GET", "/weather"] = always(refusal, 429, **wait)
    done = run("weather", "Oslo", "--server", server.url)
    assert (done.returncode, done.stderr) == (
        4, f"{server.url} refused: Too many requests: 60/min are allowed. {words}\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    "before",
    [["--server", "http://127.0.0.1:1"], ["--api-key=k"], ["--data", ".data"], ["--data", ".", "--server", "x"]],
)
def test_options_before_the_command_are_told_where_they_belong(before: list[str]) -> None:
    done = run(*before, "weather", "Oslo")
    assert (done.returncode, done.stdout) == (2, "")
    option = before[0].partition("=")[0]
    assert done.stderr == (
        f"cityweather: {option} stands before the command. Options follow it, "
        "as in `cityweather weather Oslo --server URL`. See `cityweather --help`.\n"
    )


def test_the_version_is_that_of_the_service() -> None:
    assert run("--version").stdout == f"{cityweather.__version__}\n"


def test_the_key_is_sent_without_its_name_and_never_shown(server: Scripted) -> None:
    server.on["GET", f"/bulk/jobs/{JOB}"] = always({"detail": "This API key is not valid here.", "code": "x"}, 403)
    done = run("status", JOB, "--server", server.url, key="ops:very-secret,other:key")
    assert server.got[0][2]["x-api-key"] == "very-secret"
    assert (done.returncode, done.stdout) == (4, "")
    assert "This API key is not valid here. Give the key with CITYWEATHER_API_KEY or --api-key." in done.stderr
    assert "very-secret" not in done.stderr
    run("status", JOB, "--server", server.url, "--api-key", "from-the-option", key="from-the-environment")
    assert server.got[1][2]["x-api-key"] == "from-the-option"


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
def test_status_is_a_line_and_its_exit_code_is_how_the_job_ended(
    server: Scripted, found: dict[str, Any], code: int
) -> None:
    server.on["GET", f"/bulk/jobs/{JOB}"] = always(found)
    done = run("status", JOB, "--server", server.url)
    assert done.returncode == code
    assert f"{found['status']}  {found['processed']} of 4 ({found['progress']} %)" in done.stdout
    assert (found["error"] or "") in done.stdout
    assert json.loads(run("status", JOB, "--json", "--server", server.url).stdout) == found


@pytest.mark.parametrize(
    ("doubtful", "words"),
    [
        ({}, "3 succeeded, 1 failed"),
        ({"ambiguous": 1294}, "3 succeeded, 1 failed, 1,294 ambiguous"),
        ({"ambiguous": 2, "unmatched": 1}, "3 succeeded, 1 failed, 2 ambiguous, 1 unmatched"),
    ],
)
def test_a_job_is_shown_with_its_doubtful_rows(server: Scripted, doubtful: dict[str, int], words: str) -> None:
    server.on["GET", f"/bulk/jobs/{JOB}"] = always(job("done", 4, failed=1, **doubtful))
    server.on["GET", f"/bulk/jobs/{JOB}/summary"] = always({"failures": []})
    assert run("status", JOB, "--server", server.url).stdout.endswith(f"  {words}\n")
    assert f"  {words}\n" in run("status", JOB, "--follow", "--server", server.url).stderr


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
    found = run("status", JOB, "--follow", "--json", "--server", server.url)
    assert json.loads(found.stdout) == job("done", 4, failed=1)


def test_cancel_prints_how_far_the_job_came_or_why_it_cannot_be_cancelled(server: Scripted) -> None:
    path = f"/bulk/jobs/{JOB}/cancel"
    server.on["POST", path] = in_turn(
        always(job("running", 3) | {"phase": "cancelling"}, 202),
        always({"detail": "The job is done.", "code": "job_conflict"}, 409),
    )
    done = run("cancel", JOB, "--server", server.url)
    assert (done.returncode, done.stdout.count("\n"), done.stderr) == (0, 1, "")
    assert "  cancelling  3 of " in done.stdout
    refused = run("cancel", JOB, "--server", server.url)
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "The job is done." in refused.stderr


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


@pytest.mark.parametrize(
    "arguments",
    [
        ["status", ""], ["status", "../cities"], ["results", "a b"], ["weather", "\udcff"],
        ["weather", "Oslo", "--server", "http://127.0.0.1:99999"], ["weather", "Oslo", "--server", "http://[::1"],
        ["weather", "Oslo", "--server", "http://:80"], ["weather", "Oslo", "--api-key", "two\nlines"],
        ["weather", "Oslo", "--api-key", "schlüssel"], ["import", "README.md", "--idempotency-key", "ключ"],
        ["weather", "Oslo", "--server", "http://a..b"], ["rerun", JOB, "--older-than", "x\udcff"],
        ["rerun", JOB, "--older-than", ""], ["schedule", "add", JOB, "--every", "\udcff"],
        ["schedule", "add", JOB, "--cron", "\udcff"], ["schedule", "add", JOB, "--every", "1h", "--timezone", "\udcff"],
        ["import", "README.md", "--label", "\udcff"], ["import", "no-such-\udcff"], ["import", "README.md", "\udcff"],
        ["weather", "Oslo", "--units", "\udcff"], ["weather", "Oslo", "--data", ""],
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_a_sentence_at_once(arguments: list[str]) -> None:
    done = run(*arguments, CITYWEATHER_SERVER="http://127.0.0.1:1")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "Traceback" not in done.stderr
    assert "Asking again" not in done.stderr


@pytest.mark.parametrize(("proxy", "code"), [("http://a..b", 2), ("http://[", 2), ("socks5://a:1", 2), ("foo", 3)])
def test_a_proxy_that_cannot_be_used_is_named(proxy: str, code: int) -> None:
    done = run("weather", "Oslo", "--server", "http://weather.invalid", http_proxy=proxy)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
    assert "HTTP_PROXY" in done.stderr


def test_a_folder_in_which_no_up_runs_is_said_at_once(tmp_path: Path) -> None:
    done = run("import", "README.md", "--data", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"No `cityweather up` runs in {tmp_path}.")
    assert done.stderr.count("\n") == 1


def test_https_before_a_plain_server_is_exit_2(server: Scripted) -> None:
    """This server answers the start of a TLS handshake as it answers any nonsense."""
    done = run("weather", "Oslo", "--server", server.url.replace("http:", "https:"))
    assert (done.returncode, "speaks no TLS" in done.stderr) == (2, True)


class Waiting(socketserver.StreamRequestHandler):
    """As our service: it waits for the end of a request's head, and goes when none comes. /healthz is all it knows."""

    def handle(self) -> None:
        self.request.settimeout(5)
        head = b""
        with suppress(OSError):  # of time, or of a client that has gone
            while not head.endswith(b"\r\n\r\n") and (line := self.rfile.readline()):
                head += line
        if head.startswith(b"GET /healthz HTTP/1.1\r\n") and b"X-API-Key" not in head:
            self.wfile.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}")


@pytest.mark.parametrize("loopback", [True, False])
def test_https_before_our_service_is_exit_2(monkeypatch: pytest.MonkeyPatch, loopback: bool) -> None:
    """At once on loopback, elsewhere when the service closes the connection."""
    monkeypatch.setattr("cityweather_client.service._is_loopback", lambda _: loopback)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Waiting) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        began = time.monotonic()
        with pytest.raises(NoTls, match="speaks no TLS: give its address as http://"):
            Service(f"https://127.0.0.1:{server.server_address[1]}", "a-key").job(JOB)
        assert (time.monotonic() - began < 4) is loopback
        server.shutdown()


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
        ["up", "--data", ""], ["demo", "--data", ""], ["redis", "--data", ""], ["check", "--data", ""],
    ],
)  # fmt: skip
def test_ports_and_counts_out_of_range_are_exit_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "is not a" in done.stderr
    assert "Traceback" not in done.stderr
