"""`cityweather import`: what is sent and printed, and files that cannot be read or imported."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cityweather_client import show
from cityweather_client.main import main
from cityweather_client.multipart import FileUnreadable, Multipart
from tests.support.scripted import JOB, Scripted, always, in_turn, job, run


def rejecting(server: Scripted, rows: int, *codes: str) -> None:
    """An import of so many rows, with one rejected for each of the codes."""
    server.on["POST", "/bulk/import"] = always(job("queued", 0, rows_read=rows, rejected=len(codes)), 202)
    found = [{"line": 2 + number, "code": code, "text": "x"} for number, code in enumerate(codes)]
    server.on["GET", f"/bulk/jobs/{JOB}/rejected"] = always({"results": found[:200], "next": None})


@pytest.fixture
def cities(tmp_path: Path) -> Path:
    file = tmp_path / "cities.csv"
    file.write_bytes(b"city\nOslo\n")
    return file


DRY_RUN = {
    "encoding": "cp1252", "delimiter": "semicolon", "header": True, "header_line": 3, "compression": "gzip",
    "column": "Ort", "country_column": "Land", "region_column": None, "latitude_column": 4, "longitude_column": 5,
    "columns": [],
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


def test_a_dry_run_prints_what_an_import_would_do(server: Scripted, tmp_path: Path) -> None:
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
header     line 3
city       Ort
country    Land
latitude   column 4
longitude  column 5

line    city                                place
2       München, DE                         Munich, Bavaria, DE (48.14, 11.57)
3       Springfield                         1.00, 2.00, or 1 other place
4       Xyzzy?                              not in the gazetteer: the provider is asked

5,003 rows = 5,000 cities + 2 duplicates + 1 rejected
  line 9: no_name: ;;
About 1,200 ambiguous, 400 not in the gazetteer, 5,400 requests; the quota allows them within 95 min.
Nothing was imported.
"""
    )
    ((_, _, headers, body),) = server.got
    assert "idempotency-key" not in headers
    for field in ("dry_run", "column", "country_column", "latitude_column", "longitude_column"):
        assert f'name="{field}"' in body.decode()


def test_one_is_not_written_as_many(server: Scripted, cities: Path) -> None:
    assert show.sizes(1, 0, 0) == "1 row = 1 city + 0 duplicates + 0 rejected"
    server.on["POST", "/bulk/import"] = always({**DRY_RUN, "total": 1, "rejected": 0, "requests": 1})
    said = run("import", str(cities), "--dry-run", "--server", server.url).stdout
    assert "3 rows = 1 city + 2 duplicates + 0 rejected" in said
    assert ", 1 request;" in said


def test_import_prints_the_job_alone_and_sends_options_before_the_file(server: Scripted, tmp_path: Path) -> None:
    server.on["POST", "/bulk/import"] = always(job("queued", 0), 202)
    file = tmp_path / 'a "b".csv'
    file.write_bytes(b"city\nOslo\n")
    options = ["--encoding", "cp1252", "--no-header", "--callback-url", "https://example.com/x"]
    done = run("import", str(file), *options, "--server", server.url)
    assert (done.returncode, done.stdout) == (0, f"{JOB}\n")
    assert "5 rows = 4 cities + 1 duplicate + 0 rejected" in done.stderr
    (_, _, headers, body) = server.got[0]
    assert headers["idempotency-key"].startswith("shell-")
    for part in (b'name="encoding"\r\n\r\ncp1252', b'name="header"\r\n\r\nfalse', b'name="callback_url"\r\n\r\nhttps:'):
        assert 0 < body.index(part) < body.index(b'name="file"; filename="a %22b%22.csv"') < body.index(b"city\nOslo\n")


def test_an_import_prints_why_rows_were_rejected_and_where_they_are(server: Scripted, cities: Path) -> None:
    rejecting(server, 12, "no_name", "bad_quotes", "no_name")
    done = run("import", str(cities), "--server", server.url)
    assert (done.returncode, done.stdout) == (0, f"{JOB}\n")
    assert f"3 rejected: 2 no_name, 1 bad_quotes; cityweather rejected {JOB}" in done.stderr
    assert "Warning" not in done.stderr


def test_an_import_of_which_most_was_rejected_warns(server: Scripted, cities: Path) -> None:
    rejecting(server, 257, *["too_many_cells"] * 250)
    done = run("import", str(cities), "--server", server.url)
    assert (done.returncode, done.stdout) == (0, f"{JOB}\n")
    assert "250 rejected: 200 too_many_cells (of the first 200); " in done.stderr
    assert "Warning: more than half of the rows were rejected. Is cities.csv a CSV of cities?" in done.stderr


def test_an_import_whose_rejected_rows_cannot_be_read_has_succeeded(server: Scripted, cities: Path) -> None:
    rejecting(server, 12, "no_name")
    server.on["GET", f"/bulk/jobs/{JOB}/rejected"] = lambda handler: handler.hang_up()
    done = run("import", str(cities), "--server", server.url)
    assert (done.returncode, done.stdout) == (0, f"{JOB}\n")
    assert f"1 rejected; cityweather rejected {JOB}" in done.stderr


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


def test_a_pipe_is_sent_as_a_file(server: Scripted) -> None:
    server.on["POST", "/bulk/import"] = always(job("queued", 0), 202)
    for name in ("-", "/dev/stdin"):
        done = run("import", name, "--server", server.url, stdin="city\nOslo\n")
        assert (done.returncode, done.stdout) == (0, f"{JOB}\n"), done.stderr
    assert [b"\r\n\r\ncity\nOslo\n\r\n" in body for *_, body in server.got] == [True, True]


def test_bytes_that_are_no_text_hint_at_the_encoding(server: Scripted, cities: Path) -> None:
    rejecting(server, 12, "bad_encoding")
    assert "try --encoding cp1252" in run("import", str(cities), "--server", server.url).stderr
    assert "try --encoding" not in run("import", str(cities), "--encoding", "cp1252", "--server", server.url).stderr


def test_form_fields_of_a_refusal_are_printed_as_options(server: Scripted, cities: Path) -> None:
    detail = (
        "Say column= with a number. Say encoding=utf-16-le or delimiter=tab. Say header=true or header=false. "
        "Say quotes=none. latitude_column= needs longitude_column= too. Say header=2."
    )
    server.on["POST", "/bulk/import"] = always({"detail": detail, "code": "no_city_column"}, 400)
    output = run("import", str(cities), "--server", server.url).stderr
    assert "Say --column with a number. Say --encoding utf-16-le or --delimiter tab. Say --header or --no-h" in output
    assert "Say --no-quotes. --latitude-column needs --longitude-column too. Say --header-line 2." in output


def test_every_option_that_a_refusal_names_is_sent(server: Scripted, cities: Path) -> None:
    server.on["POST", "/bulk/import"] = always(job("queued", 0), 202)
    fields = {
        "--header": "header=true", "--no-header": "header=false", "--header-line=2": "header=2",
        "--no-quotes": "quotes=none",
    }  # fmt: skip
    for option, field in fields.items():
        assert run("import", str(cities), option, "--server", server.url).returncode == 0
        name, value = field.split("=")
        assert f'name="{name}"\r\n\r\n{value}\r\n'.encode() in server.got[-1][3]


def test_what_is_wrong_with_a_command_line_is_one_sentence(cities: Path) -> None:
    for arguments, sentence in (
        ([str(cities), "--quotes", "none"], "unrecognized arguments: --quotes none."),
        (["no-such.csv"], "argument file: there is no file no-such.csv."),
        ([], "the following arguments are required: file."),
    ):
        done = run("import", *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"cityweather import: {sentence} See `cityweather import --help`.\n"


def test_a_closed_standard_input_is_a_sentence() -> None:
    command = ["sh", "-c", f"{sys.executable} -m cityweather import - <&-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "standard input is closed" in done.stderr


@pytest.mark.parametrize("kind", ["file", "pipe"])
def test_a_file_that_may_not_be_read_is_exit_2(
    server: Scripted, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """root may read every file, so the refusal comes from where the file is opened."""
    file = tmp_path / "cities.csv"
    if kind == "pipe":
        os.mkfifo(file)
    else:
        file.write_bytes(b"city\nOslo\n")
    opened = Path.open

    def refuse(path: Path, *args: Any, **options: Any) -> Any:
        if path == file:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, *args, **options)

    monkeypatch.setattr(Path, "open", refuse)
    assert main(["import", str(file), "--server", server.url]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.strip().count("\n")) == ("", 0)
    assert f"{file} cannot be read" in said.err
    assert "Permission denied" in said.err


def test_a_name_that_no_file_can_have_is_exit_2() -> None:
    done = run("import", "x" * 999)
    assert (done.returncode, "cannot be read: File name too long" in done.stderr) == (2, True)
    assert "Traceback" not in done.stderr


def test_a_file_that_breaks_while_it_is_read_is_no_fault_of_the_server(
    server: Scripted, cities: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(self: Multipart, size: int = -1) -> bytes:
        raise FileUnreadable("cities.csv cannot be read: Input/output error.")

    monkeypatch.setattr(Multipart, "_read_file", broken)
    assert main(["import", str(cities), "--server", server.url]) == 2
    assert "Input/output error" in capsys.readouterr().err
