"""A multipart body is received whole, and a broken one is noticed."""

import io
import resource
import tempfile
import time
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory

from cityweather.api.uploads import BLOCK, IN_MEMORY, Upload, received
from cityweather.errors import CityWeatherError, LengthRequired, RequestTimeout
from cityweather.ingest.errors import BadUpload, NoRoom, TooLarge
from tests.support.disk import at_most

LINE = "b0undary"


def part(name: str, content: str, file_name: str | None = None, more: str = "") -> str:
    tail = f'; filename="{file_name}"' if file_name is not None else ""
    return f'--{LINE}\r\nContent-Disposition: form-data; name="{name}"{tail}\r\n{more}\r\n{content}\r\n'


END = f"--{LINE}--\r\n"
FILE = part("file", "city\r\nOslo", "c.csv")


def request(body: str | bytes, content_type: str = f"multipart/form-data; boundary={LINE}", **meta: Any) -> Any:
    data = body.encode() if isinstance(body, str) else body
    return RequestFactory().generic("POST", "/bulk/import", data, content_type, **meta)


def receive(asked: Any, limit: int = 1000) -> tuple[Upload, bytes]:
    with received(asked, limit) as upload:
        upload.file.seek(0)
        return upload, upload.file.read()


def read(body: str | bytes) -> bytes:
    return receive(request(body), 1_000_000)[1]


def test_the_file_comes_unchanged_with_the_fields_around_it() -> None:
    body = part("encoding", "utf-8") + FILE + part("callback_url", "http://x/") + part("column", "") + END
    upload, content = receive(request(body))
    assert (upload.file_name, content) == ("c.csv", b"city\r\nOslo")
    assert upload.fields == {"encoding": "utf-8", "callback_url": "http://x/", "column": ""}


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_every_size_comes_unchanged(size: int) -> None:
    content = ("Oslo\r\n--b0undar\n" * (size // 10 + 1))[:size]
    assert read(part("file", content, "c.csv") + END) == content.encode()


@pytest.mark.parametrize("cut", [1, 5, len(END), len(END) + 3, len(END) + 12])
def test_a_body_that_breaks_off_is_refused(cut: int) -> None:
    whole = FILE + END
    asked = request(whole)
    asked._stream = io.BytesIO(whole[:-cut].encode())
    with pytest.raises(BadUpload, match="broke off"):
        receive(asked)
    if cut > 4:  # announced short as well
        with pytest.raises(BadUpload, match="broke off"):
            read(whole[:-cut])


@pytest.mark.parametrize(
    "body",
    [
        "x", END, part("encoding", "utf-8") + END, part("file", "city", "") + END, part("files", "x", "c.csv") + END,
        part("file", "x", 'c.csv"; a*=x; a*0="y') + END, FILE + part("more", "x", 'c.csv"; a*=x; a*0="y') + END,
        part("file", "x", "c.csv", "Content-Transfer-Encoding: base64\r\n") + END,
        FILE + FILE + END, part("column", "x" * 1001) + FILE + END,
        "".join(part(f"f{n}", "x") for n in range(21)) + FILE + END,
    ],
)  # fmt: skip
def test_what_is_not_one_file_behind_its_fields_is_refused(body: str) -> None:
    with pytest.raises(BadUpload):
        read(body)


@pytest.mark.parametrize(
    ("file_name", "known_as"),
    [
        (b'filename="Z\xfcrich.csv"', "Zürich.csv"),
        ('filename="Zürich.csv"'.encode(), "Zürich.csv"),
        (b"filename=\"x\"; filename*=UTF-8''Z%C3%BCrich.csv", "Zürich.csv"),
        (b'filename="\xff\xfe.csv"', "ÿþ.csv"),
        (b"filename=c.csv", "c.csv"),
    ],
)
def test_a_file_is_found_whatever_its_name(file_name: bytes, known_as: str) -> None:
    upload, content = receive(request((FILE + END).encode().replace(b'filename="c.csv"', file_name)))
    assert (upload.file_name, content) == (known_as, b"city\r\nOslo")


def test_the_files_content_type_names_its_charset() -> None:
    for more, charset in (("Content-Type: text/csv; charset=windows-1252\r\n", "windows-1252"), ("", "")):
        assert receive(request(part("file", "city", "c.csv", more) + END))[0].charset == charset


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("missing", [IN_MEMORY, 100], ids=["at_once", "at_the_end"])
def test_a_file_that_the_disk_has_no_room_for_is_no_fault_of_its_own(temporary: Path, missing: int) -> None:
    asked = request(part("file", "x" * (IN_MEMORY + 1_000), "c.csv") + END)
    with at_most(IN_MEMORY + 1_000 - missing, resource.RLIMIT_FSIZE), pytest.raises(NoRoom):
        receive(asked, 2 * IN_MEMORY)
    assert list(temporary.iterdir()) == []


def test_a_file_has_no_name_that_a_crash_could_leave(temporary: Path) -> None:
    with received(request(part("file", "x" * 2 * IN_MEMORY, "c.csv") + END), 2 * IN_MEMORY) as upload:
        assert upload.file.seek(0, io.SEEK_END) == 2 * IN_MEMORY
        assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("before", [True, False], ids=["before", "behind"])
@pytest.mark.parametrize("empty", [f"--{LINE}\r\n\r\n", f"--{LINE}\r\nContent-Disposition: form-data\r\n\r\n\r\n"])
def test_parts_without_a_name_are_counted(empty: str, before: bool) -> None:
    many = empty * 10_000
    began = time.process_time()
    with pytest.raises(BadUpload, match="more than 20 parts"):
        read((many + FILE if before else FILE + many) + END)
    assert time.process_time() - began < 1  # seconds


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=" + "x" * 71])
def test_a_boundary_of_no_use_is_refused(kind: str) -> None:
    with pytest.raises(BadUpload, match="boundary"):
        receive(request(FILE + END, kind))


def test_a_length_is_needed_and_bounded() -> None:
    with pytest.raises(LengthRequired):
        receive(request(FILE + END, CONTENT_LENGTH=""))
    with pytest.raises(TooLarge, match="1,000 bytes"):
        receive(request(FILE + END, CONTENT_LENGTH="30000"))


def test_a_large_body_is_received_in_small_blocks_and_little_memory() -> None:
    class Watched(io.BytesIO):
        most = 0

        def read(self, size: int | None = -1) -> bytes:
            self.most = max(self.most, 10**9 if size in (-1, None) else size or 0)
            return super().read(size)

    body = (part("file", "Oslo\n" * 4_000_000, "c.csv") + END).encode()
    stream = Watched(body)
    asked = request(body)
    asked._stream = stream
    tracemalloc.start()
    with received(asked, 30_000_000):
        peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert stream.most <= BLOCK
    assert peak < 5 * IN_MEMORY


def test_a_client_that_stalls_is_a_timeout() -> None:
    class Stalled(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise TimeoutError

    asked = request(FILE + END)
    asked._stream = Stalled()
    with pytest.raises(RequestTimeout):
        receive(asked)


def test_random_bytes_never_raise_anything_else() -> None:
    import random

    chance = random.Random(1)
    pieces = [FILE, END, "--", LINE, "\r\n", "Content-Disposition", ";;", '"', "\x00", "ö", "form-data", "x" * 2000]
    for _ in range(300):
        body = "".join(chance.choices(pieces, k=chance.randrange(1, 12)))
        with suppress(CityWeatherError):
            read(body)
