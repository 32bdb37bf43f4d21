"""The command that imports a file at hand."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cityweather.models import BulkJob, City

MESSY = Path(__file__).parents[2] / "data/messy.csv"


@pytest.fixture(autouse=True)
def import_dir(settings: Any, tmp_path: Path) -> Path:
    settings.IMPORT_DIR = tmp_path
    return tmp_path


def run(*arguments: object, **options: object) -> str:
    output = io.StringIO()
    call_command(*map(str, arguments), stdout=output, **options)
    return output.getvalue()


@pytest.mark.usefixtures("database")
class TestImport:
    def test_the_messy_sample_is_imported_and_its_rejected_rows_are_kept(self, import_dir: Path) -> None:
        output = run("import_cities", MESSY)
        job = BulkJob.objects.get()
        assert "17 rows = 8 cities + 3 duplicates + 6 rejected" in output
        assert f"job {job.pk}" in output
        assert (job.total, job.duplicates, job.rejected, job.phase) == (8, 3, 6, "queued")
        kept = import_dir / f"rejected/messy-{job.pk}.csv"
        assert str(kept) in output
        with kept.open(newline="") as file:
            lines = [(row["line"], row["code"]) for row in csv.DictReader(file)]
        assert lines == [
            ("8", "no_name"),
            ("9", "bad_encoding"),
            ("13", "control_character"),
            ("14", "bad_quotes"),
            ("15", "too_many_cells"),
            ("16", "name_too_long"),
        ]

    def test_a_clean_file_leaves_no_file_of_rejected_rows(self, import_dir: Path) -> None:
        file = import_dir / "towns.csv"
        file.write_text("city\nParis\n")
        assert "rejected:" not in run("import_cities", file)
        assert not (import_dir / "rejected").exists()

    def test_kept_rows_are_no_formulas(self, import_dir: Path) -> None:
        file = import_dir / "towns.csv"
        file.write_bytes(b"city\nParis\n=cmd|\x00\n")
        run("import_cities", file)
        (kept,) = (import_dir / "rejected").iterdir()
        assert kept.read_text().splitlines()[1] == "3,control_character,'=cmd|\\x00"

    def test_a_job_is_reported_though_its_rejected_rows_cannot_be_kept(self, import_dir: Path, settings: Any) -> None:
        file = import_dir / "towns.csv"
        file.write_bytes(b"city\nParis\n\x00\n")
        settings.IMPORT_DIR = file  # no folder, so nobody can write in it
        output = run("import_cities", file)
        job = BulkJob.objects.get()
        assert f"rejected: control_character 1; see GET /bulk/jobs/{job.pk}/rejected" in output
        assert output.endswith(f"job {job.pk}\n")

    def test_a_long_file_name_is_cut_for_the_rejected_rows(self, import_dir: Path) -> None:
        file = import_dir / f"{'ö' * 125}.csv"
        file.write_bytes(b"city\nParis\n\x00\n")
        run("import_cities", file)
        (kept,) = (import_dir / "rejected").iterdir()
        assert kept.name == f"{'ö' * 100}-{BulkJob.objects.get().pk}.csv"

    def test_options_set_how_to_read(self, import_dir: Path) -> None:
        file = import_dir / "towns.csv"
        file.write_bytes("1;Zürich\n2;Oslo\n".encode("cp1252"))
        run("import_cities", file, encoding="cp1252", delimiter="semicolon", column="2")
        assert set(City.objects.values_list("name", flat=True)) == {"Zürich", "Oslo"}

    def test_a_refusal_is_one_sentence(self, import_dir: Path) -> None:
        file = import_dir / "page.csv"
        file.write_text("<html>")
        with pytest.raises(CommandError, match=r"^page\.csv: This is not a CSV file but HTML or XML"):
            run("import_cities", file)
        assert not BulkJob.objects.exists()

    @pytest.mark.parametrize(
        ("content", "advice"),
        [
            (b"Asema;Koodi\nBonn;53111\n", "say --column with its header, or --column with its number and --header or"),
            (b"Table 1\nstadt,x\nBonn,3\n", "say --header-line 2 if it is"),
            (b"city\nZ\xfcrich\n", "Try --encoding cp1252,"),
            (b'city,x\n"Paris,1\nOslo,2\n"Lima",3\n', "say --no-quotes if"),
        ],
    )
    def test_a_refusal_names_the_options_of_the_command(self, import_dir: Path, content: bytes, advice: str) -> None:
        file = import_dir / "x.csv"
        file.write_bytes(content)
        with pytest.raises(CommandError) as refusal:
            run("import_cities", file)
        assert advice in str(refusal.value)

    def test_the_line_of_the_header_can_be_named(self, import_dir: Path) -> None:
        file = import_dir / "x.csv"
        file.write_bytes(b"Table 1\nstadt,x\nBonn,3\n")
        run("import_cities", file, "--header-line", "2")
        assert BulkJob.objects.get().total == 1

    def test_quotes_can_be_ordinary_characters(self, import_dir: Path) -> None:
        file = import_dir / "x.csv"
        file.write_bytes(b'city\n"Oslo" fjord\nBergen\n')
        run("import_cities", file, "--no-quotes")
        assert BulkJob.objects.get().total == 2

    def test_a_job_has_its_label_and_its_choice_about_ambiguous_names(self, import_dir: Path) -> None:
        file = import_dir / "towns.csv"
        file.write_text("city\nParis\n")
        run("import_cities", file, "--label", " Sales 2026 ", "--ambiguous", "fail")
        job = BulkJob.objects.get()
        assert (job.label, job.refuse_ambiguous) == ("Sales 2026", True)
        with pytest.raises(CommandError, match="label"):
            run("import_cities", file, "--label", "x" * 1000)
        assert BulkJob.objects.count() == 1

    def test_a_dry_run_says_what_the_api_would_and_keeps_nothing(self, import_dir: Path) -> None:
        file = import_dir / "towns.csv"
        file.write_text("city,country\nMünchen,DE\n-,DE\n", encoding="utf-8")
        outlook = json.loads(run("import_cities", file, "--dry-run"))
        assert (outlook["total"], outlook["rejected"], outlook["country_column"]) == (1, 1, "country")
        assert outlook["rows"][0]["city"] == "München, DE"
        assert not BulkJob.objects.exists()
        assert not (import_dir / "rejected").exists()

    @pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="Linux has a file that opens and cannot be read")
    def test_a_file_that_cannot_be_read_is_one_sentence(self) -> None:
        with pytest.raises(CommandError, match=r"^/proc/self/mem: Invalid argument$"):
            run("import_cities", "/proc/self/mem")

    def test_a_missing_file_is_one_sentence(self, import_dir: Path) -> None:
        with pytest.raises(CommandError, match=r"none\.csv: No such file"):
            run("import_cities", import_dir / "none.csv")
