"""POST /bulk/import?dry_run=true: what an import would do, and nothing is kept."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from redis import RedisError

from cityweather.ingest import dry_run
from cityweather.models import BulkJob, City, ImportChunk, JobResult, RejectedRow
from cityweather.weather.rate_limiter import QuotaForecast, RateLimiter
from tests.support.files import DUMP, WORLDCITIES

EXCEL = "Standorte 2026;;;\r\n\r\nNr;Ort;Bundesland;Land\r\n1;München;Bayern;DE\r\n2;Köln;;DE\r\n".encode("cp1252")


@pytest.fixture(autouse=True)
def forecast(monkeypatch: pytest.MonkeyPatch) -> QuotaForecast:
    """60 places a minute."""
    found = QuotaForecast(rate=1.0)
    monkeypatch.setattr(RateLimiter, "forecast", lambda _: found)
    return found


def look(client: Client, content: bytes, *, status: int = 200, **fields: str) -> dict[str, Any]:
    file = SimpleUploadedFile("cities.csv", content, "text/csv")
    answer = client.post("/bulk/import?dry_run=true", {**fields, "file": file})
    assert answer.status_code == status, answer.content
    found: dict[str, Any] = answer.json()
    return found


def part(answer: dict[str, Any], *names: str) -> list[Any]:
    return [answer[name] for name in names]


COLUMNS = ("column", "country_column", "region_column", "latitude_column", "longitude_column")


@pytest.mark.usefixtures("places")
class TestShapes:
    @pytest.fixture(autouse=True)
    def _nothing_is_written(self) -> Iterator[None]:
        yield
        assert not any(table.objects.exists() for table in (BulkJob, City, JobResult, ImportChunk, RejectedRow))

    def test_a_list_from_excel_with_a_title(self, keyed: Client) -> None:
        answer = look(keyed, EXCEL, encoding="cp1252")
        assert part(answer, "encoding", "delimiter", "header", "compression") == ["cp1252", "semicolon", True, None]
        assert part(answer, *COLUMNS) == ["Ort", "Land", "Bundesland", None, None]
        assert answer["columns"][1] == {"name": "Ort", "samples": ["München", "Köln"]}
        munich, cologne = answer["rows"]
        assert part(munich, "line", "city", "ambiguous") == [4, "München, Bayern, DE", 0]
        assert part(munich["matched"], "name", "region", "country", "source") == [
            "Munich",
            "Bavaria",
            "DE",
            "gazetteer",
        ]
        assert cologne["matched"]["name"] == "Köln"
        assert part(answer, "total", "duplicates", "rejected", "unmatched", "ambiguous", "requests") == [
            2,
            0,
            0,
            0,
            0,
            1,
        ]

    def test_the_same_list_in_the_wrong_encoding(self, keyed: Client) -> None:
        answer = look(keyed, EXCEL + b"3;Bonn;;DE\r\n")
        assert part(answer, "encoding", "total", "rejected") == ["utf-8", 1, 2]
        assert answer["reasons"][0] == {
            "line": 4, "code": "bad_encoding", "text": "byte 4 is 0xFC: 1;M\\xfcnchen;Bayern;DE"
        }  # fmt: skip

    def test_worldcities(self, keyed: Client) -> None:
        answer = look(keyed, gzip.compress(WORLDCITIES))
        assert part(answer, *COLUMNS) == ["city", "iso2", "admin_name", "lat", "lng"]
        assert part(answer, "delimiter", "compression") == ["comma", "gzip"]
        illinois, missouri = answer["rows"]
        assert illinois["city"] == "Springfield, Illinois, US"
        assert illinois["matched"] == {
            "name": "Springfield", "region": "Illinois", "country": "US", "latitude": 39.799, "longitude": -89.644,
            "source": "file",
        }  # fmt: skip
        assert missouri["matched"]["region"] == "Missouri"

    def test_a_dump_of_geonames(self, keyed: Client) -> None:
        answer = look(keyed, DUMP)
        assert part(answer, "delimiter", "header", *COLUMNS) == ["tab", False, 2, 9, 11, 5, 6]
        assert [column["name"] for column in answer["columns"]] == [""] * 19
        assert answer["rows"][0]["matched"]["name"] == "Paris"

    def test_a_list_of_one_column(self, keyed: Client) -> None:
        answer = look(keyed, b"Paris\nParis, TX\nParis\n\x00\nXyzzy\n")
        assert part(answer, "delimiter", "header", *COLUMNS) == [None, False, 1, None, None, None, None]
        assert part(answer, "total", "duplicates", "rejected", "unmatched") == [3, 1, 1, 1]
        assert part(answer["rows"][2], "city", "matched") == ["Xyzzy", None]
        assert answer["rows"][0]["ambiguous"] > 0
        assert answer["ambiguous"] == 1

    def test_a_header_twice_is_named_by_its_number(self, keyed: Client) -> None:
        answer = look(keyed, b"city;city\nx;Oslo\n", column="2")
        assert answer["column"] == 2

    def test_ten_rows_are_shown(self, keyed: Client) -> None:
        answer = look(keyed, "\n".join(["city", *(f"Town {n}" for n in range(20)), *"\x01" * 20]).encode())
        assert [row["line"] for row in answer["rows"]] == [*range(2, 12)]
        assert [row["line"] for row in answer["reasons"]] == [*range(22, 32)]

    def test_a_large_file_is_estimated_from_rows_all_over_it(self, keyed: Client) -> None:
        rows = [*(f"Town {n},," for n in range(9_000)), *(f"X,{48 + n / 10_000:.4f},2" for n in range(9_000))]
        answer = look(keyed, "\n".join(["city,lat,lng", *rows]).encode())
        assert part(answer, "total", "sampled") == [18_000, 2_000]
        assert answer["unmatched"] == pytest.approx(9_000, rel=0.01)
        assert answer["rows"][0]["line"] == 2


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("content", "code", "names"),
    [
        (b"Kaupunki 1;Maa\nOslo;NO\n", "no_city_column", ["Kaupunki 1", "Maa"]),
        (b"city,city\nOslo,Bergen\n", "no_city_column", ["city", "city"]),
        (b"city,x\nOslo;NO\n", "no_cities", ["city", "x"]),
        (b"Table 1\nstadt,x\nBonn,3\n", "no_city_column", ["stadt", "x"]),
        (b"Report 2026\n\nshop;site;sales\nA;Bonn;3\n", "no_city_column", ["shop", "site", "sales"]),
    ],
)
def test_a_question_lists_the_columns(keyed: Client, content: bytes, code: str, names: list[str]) -> None:
    answer = look(keyed, content, status=400)
    assert (answer["code"], [column["name"] for column in answer["columns"]]) == (code, names)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("content", "asks"),
    [
        (b"Kaupunki 1;Maa\nOslo;NO\n", "column"),
        (b"Table 1\nstadt,x\nBonn,3\n", "header"),
        ("Städte;Länder\nKöln;DE\n".encode("cp1252"), "encoding"),
        ("city\nKöln\n".encode("cp1252"), "encoding"),
        (b"Table 1\nParis;FR\nOslo;NO\n", "header"),
        (b"Table 1\nParis;FR\n", "delimiter"),
        (b'city\n"Oslo\n', "quotes"),
    ],
)
def test_a_question_names_the_option_that_answers_it(keyed: Client, content: bytes, asks: str) -> None:
    assert look(keyed, content, status=400)["asks"] == asks


@pytest.mark.usefixtures("db")
def test_the_header_can_be_chosen_from_the_first_lines(keyed: Client) -> None:
    content = b"Shops,2026,secret\n\nNr,City,Country\n1,Bonn,DE\n"
    lines = [(1, "Shops,2026,secret"), (3, "Nr,City,Country"), (4, "1,Bonn,DE")]
    for answer in (look(keyed, content, status=400), look(keyed, content, header="3")):
        assert [(row["line"], row["text"]) for row in answer["first_lines"]] == lines
    assert part(answer, "header", "header_line", "column", "total") == [True, 3, "City", 1]
    assert look(keyed, b"Oslo\nRome\n", header="0")["header_line"] is None


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(("header", "code"), [(2, None), ("2", None), ([2], "invalid_parameter"), (9, "bad_option")])
def test_json_gives_the_headers_line_as_a_number_or_text(
    keyed: Client, settings: Any, tmp_path: Path, header: Any, code: str | None
) -> None:
    settings.IMPORT_DIR = tmp_path
    (tmp_path / "c.csv").write_bytes(b"a,b\nWo,Was\nOslo,NO\n")
    body = {"path": "c.csv", "dry_run": True, "header": header, "column": "1"}
    answer = keyed.post("/bulk/import", body, content_type="application/json").json()
    assert (answer.get("code"), answer.get("total")) == (code, None if code else 1)


@pytest.mark.usefixtures("db")
def test_what_is_no_csv_is_refused_as_by_an_import(keyed: Client) -> None:
    assert look(keyed, b"%PDF-1.7", status=400).keys() == {"detail", "code"}


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("where", ["before", "behind"])
def test_it_may_be_a_field_and_uses_up_no_key(keyed: Client, settings: Any, where: str) -> None:
    file = {"file": SimpleUploadedFile("c.csv", b"a;b\nOslo;NO\n")}
    fields = {"dry_run": "true", "column": "a", "country_column": "b"}
    form = {**fields, **file} if where == "before" else {**file, **fields}
    answer = keyed.post("/bulk/import", form, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["rows"][0]["city"]) == (200, "Oslo, NO")
    assert not BulkJob.objects.exists()
    again = keyed.post(
        "/bulk/import", {"file": SimpleUploadedFile("c.csv", b"city\nParis\n")}, headers={"Idempotency-Key": "k"}
    )
    assert again.status_code == 202
    assert "Idempotency-Replayed" not in again


@pytest.mark.usefixtures("db")
def test_a_file_below_the_import_folder(keyed: Client, settings: Any, tmp_path: Path) -> None:
    settings.IMPORT_DIR = tmp_path
    (tmp_path / "c.csv").write_bytes(b"city\nOslo\n")
    answer = keyed.post("/bulk/import", {"path": "c.csv", "dry_run": True}, content_type="application/json")
    assert (answer.status_code, answer.json()["total"]) == (200, 1)


@pytest.mark.usefixtures("db")
def test_it_is_answered_although_too_many_jobs_are_open(keyed: Client, settings: Any) -> None:
    settings.IMPORT_MAX_OPEN_JOBS = 0
    assert look(keyed, b"city\nOslo\n")["total"] == 1


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("provider", "requests", "tokens"), [("openweather", 4_500 + 4_500, 9_000), ("open_meteo", 23 + 4_500, 9_000)]
)
def test_the_quota_decides_how_long_it_takes(
    keyed: Client, settings: Any, provider: str, requests: int, tokens: int
) -> None:
    settings.WEATHER_PROVIDER = provider
    settings.OPENWEATHER_API_KEY = "k"
    answer = look(keyed, "\n".join(["city", *(f"Town {n}" for n in range(4_500))]).encode())
    assert part(answer, "requests", "seconds") == [requests, tokens]
    assert answer["finished_at"] > "2026"


@pytest.mark.usefixtures("db")
def test_without_a_quota_or_without_redis_nobody_knows_how_long(
    keyed: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(_: RateLimiter) -> QuotaForecast:
        raise RedisError

    monkeypatch.setattr(RateLimiter, "forecast", unreachable)
    settings.WEATHER_PROVIDER = "openweather"
    assert part(look(keyed, b"city\nOslo\n"), "seconds", "finished_at") == [None, None]
    settings.OPENWEATHER_QUOTA_PER_MINUTE = settings.OPENWEATHER_QUOTA_PER_MONTH = 0
    assert part(look(keyed, b"city\nOslo\n"), "seconds", "finished_at") == [None, None]


def test_the_sample_is_as_the_readme_describes_it() -> None:
    assert dry_run.SAMPLE >= 1_000
