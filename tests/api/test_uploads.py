"""A multipart body is read as it arrives, and a broken one is noticed."""

import io
import resource
import time
from contextlib import closing, suppress
from typing import Any

import pytest
from django.test import RequestFactory

from cityweather.api.uploads import CHUNK, IN_MEMORY, Copied, open_upload
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


def read(body: str | bytes, **meta: Any) -> bytes:
    return b"".join(open_upload(request(body, **meta), 1_000_000).chunks())


def test_the_file_comes_unchanged_with_the_fields_before_it() -> None:
    upload = open_upload(request(part("encoding", "utf-8") + FILE + END), 1000)
    assert (upload.fields, upload.file_name) == ({"encoding": "utf-8"}, "c.csv")
    assert b"".join(upload.chunks()) == b"city\r\nOslo"


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_every_size_comes_unchanged(size: int) -> None:
    content = ("Oslo\r\n--b0undar\n" * (size // 10 + 1))[:size]
    assert read(part("file", content, "c.csv") + END) == content.encode()


@pytest.mark.parametrize("cut", [1, 5, len(END), len(END) + 3, len(END) + 12])
def test_a_body_that_breaks_off_is_refused(cut: int) -> None:
    whole = FILE + END
    asked = request(whole)
    asked._stream = io.BytesIO(whole[:-cut].encode())
    with pytest.raises(BadUpload, match="broke off"):
        list(open_upload(asked, 1000).chunks())
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
    upload = open_upload(request((FILE + END).encode().replace(b'filename="c.csv"', file_name)), 1000)
    assert upload.file_name == known_as
    assert b"".join(upload.chunks()) == b"city\r\nOslo"


def test_the_files_content_type_names_its_charset() -> None:
    for more, charset in (("Content-Type: text/csv; charset=windows-1252\r\n", "windows-1252"), ("", "")):
        assert open_upload(request(part("file", "city", "c.csv", more) + END), 1000).charset == charset


def test_fields_may_follow_the_file() -> None:
    upload = open_upload(request(FILE + part("callback_url", "http://x/") + part("column", "") + END), 1000)
    list(upload.chunks())
    assert upload.fields == {"callback_url": "http://x/", "column": ""}


@pytest.mark.parametrize("size", [5, IN_MEMORY + 5])
def test_a_file_can_be_read_again_wherever_the_reading_stopped(size: int) -> None:
    content = ("Oslo\r\n" * size)[:size].encode()
    chunks = (content[start : start + CHUNK] for start in range(0, len(content), CHUNK))
    with closing(Copied(chunks)) as file:
        next(iter(file))
        assert b"".join(file.again()) == content
        assert b"".join(file.again()) == content


def test_a_copy_that_the_disk_has_no_room_for_is_no_fault_of_the_file() -> None:
    with (
        closing(Copied(iter([b"x" * (IN_MEMORY + 1)]))) as file,
        at_most(1_000, resource.RLIMIT_FSIZE),
        pytest.raises(NoRoom),
    ):
        file.finish()


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
        open_upload(request(FILE + END, kind), 1000)


def test_a_length_is_needed_and_bounded() -> None:
    with pytest.raises(LengthRequired):
        open_upload(request(FILE + END, CONTENT_LENGTH=""), 1000)
    with pytest.raises(TooLarge, match="1,000 bytes"):
        open_upload(request(FILE + END, CONTENT_LENGTH="30000"), 1000)


def test_no_more_than_a_chunk_is_asked_for_at_once() -> None:
    class Watched(io.BytesIO):
        most = 0

        def read(self, size: int | None = -1) -> bytes:
            self.most = max(self.most, 10**9 if size in (-1, None) else size or 0)
            return super().read(size)

    body = (part("file", "Oslo\n" * 100_000, "c.csv") + END).encode()
    stream = Watched(body)
    asked = request(body)
    asked._stream = stream
    sizes = [len(chunk) for chunk in open_upload(asked, 1_000_000).chunks()]
    assert stream.most <= CHUNK
    assert max(sizes) <= 2 * CHUNK


def test_a_client_that_stalls_is_a_timeout() -> None:
    class Stalled(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise TimeoutError

    asked = request(FILE + END)
    asked._stream = Stalled()
    with pytest.raises(RequestTimeout):
        open_upload(asked, 1000)


def test_random_bytes_never_raise_anything_else() -> None:
    import random

    chance = random.Random(1)
    pieces = [FILE, END, "--", LINE, "\r\n", "Content-Disposition", ";;", '"', "\x00", "ö", "form-data", "x" * 2000]
    for _ in range(300):
        body = "".join(chance.choices(pieces, k=chance.randrange(1, 12)))
        with suppress(CityWeatherError):
            read(body)
