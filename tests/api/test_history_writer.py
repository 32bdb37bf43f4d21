"""A search is in the database before it is answered; those that come together share a commit."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection
from django.test import Client

from cityweather.api import history_writer
from cityweather.api.history_writer import HistoryWriter
from cityweather.models import SearchHistory

TOGETHER = 8


class HeldInsert:
    """Holds the first insert until the others have lined up behind it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, writer: HistoryWriter, failing: int | None = None) -> None:
        self.batches: list[int] = []
        self._writer, self._failing, self._real = writer, failing, history_writer.insert
        monkeypatch.setattr(history_writer, "insert", self._insert)

    def _insert(self, batch: list[SearchHistory]) -> None:
        self.batches.append(len(batch))
        if len(self.batches) == 1:
            lined_up = threading.Event()
            while len(self._writer._waiting) < TOGETHER - 1:
                lined_up.wait(0.001)
        if len(self.batches) == self._failing:
            raise DatabaseError("gone")
        self._real(batch)


def write_together(writer: HistoryWriter) -> list[Exception | None]:
    """The error that each of eight threads got."""

    def write(number: int) -> Exception | None:
        try:
            writer.write(f"City {number}")
        except DatabaseError as error:
            return error
        else:
            # Read-your-writes: by now any other connection sees it.
            assert SearchHistory.objects.filter(city_name=f"City {number}").count() == 1
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(TOGETHER) as pool:
        return list(pool.map(write, range(TOGETHER)))


@pytest.mark.usefixtures("database")
def test_who_lines_up_behind_a_commit_shares_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = HistoryWriter()
    held = HeldInsert(monkeypatch, writer)
    assert write_together(writer) == [None] * TOGETHER
    assert held.batches == [1, TOGETHER - 1]
    names = sorted(SearchHistory.objects.values_list("city_name", flat=True))
    assert names == [f"City {n}" for n in range(TOGETHER)]


@pytest.mark.usefixtures("database")
def test_a_commit_that_fails_is_the_error_of_those_it_was_for_and_of_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = HistoryWriter()
    HeldInsert(monkeypatch, writer, failing=1)
    errors = write_together(writer)
    assert sum(isinstance(error, DatabaseError) for error in errors) == 1
    assert SearchHistory.objects.count() == TOGETHER - 1
    writer.write("After")
    assert SearchHistory.objects.filter(city_name="After").exists()


@pytest.mark.usefixtures("database")
def test_what_ends_the_writing_thread_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = HistoryWriter()
    real = history_writer.insert

    def end(_: object) -> None:
        raise SystemExit

    monkeypatch.setattr(history_writer, "insert", end)
    with pytest.raises(SystemExit):
        writer.write("Lost")
    monkeypatch.setattr(history_writer, "insert", real)
    writer.write("Oslo")
    assert [row.city_name for row in SearchHistory.objects.all()] == ["Oslo"]


@pytest.mark.usefixtures("database")
def test_a_database_that_hangs_takes_one_thread_along_and_not_all(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(history_writer, "LONGEST_WAIT", 0.5)
    hangs, answers = threading.Event(), threading.Event()
    real = history_writer.insert

    def hang(batch: list[SearchHistory]) -> None:
        hangs.set()
        assert answers.wait(30)
        real(batch)
        connection.close()

    monkeypatch.setattr(history_writer, "insert", hang)
    first = threading.Thread(target=history_writer.remember, args=("Oslo",))
    first.start()
    assert hangs.wait(30)
    for _ in range(5):
        history_writer.remember("Rome")
    assert caplog.text.count("history_not_written") == 5
    assert not history_writer.writer()._waiting
    answers.set()
    first.join()
    history_writer.remember("Bonn")
    assert [row.city_name for row in SearchHistory.objects.order_by("id")] == ["Oslo", "Bonn"]


@pytest.mark.usefixtures("database")
def test_many_threads_lose_nothing_and_write_nothing_twice() -> None:
    writer = HistoryWriter()

    def write(thread: int) -> None:
        try:
            for number in range(25):
                writer.write(f"{thread}-{number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(TOGETHER) as pool:
        list(pool.map(write, range(TOGETHER)))
    names = sorted(SearchHistory.objects.values_list("city_name", flat=True))
    assert names == sorted(f"{thread}-{number}" for thread in range(TOGETHER) for number in range(25))


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("city", ["L'Aquila", 'a "b" \\ c', "100%s", "Ås", "x" * 300])
def test_any_name_arrives_as_it_was_up_to_its_limit(anyone: Client, city: str) -> None:
    history_writer.remember(city)
    assert anyone.get("/history").json()["results"][0]["city"] == city[:200]


@pytest.mark.usefixtures("database")
def test_an_unreachable_database_is_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: list[SearchHistory]) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(history_writer, "insert", refuse)
    history_writer.remember("Oslo")
    assert "history_not_written" in caplog.text
    assert SearchHistory.objects.count() == 0


def test_a_row_that_did_not_wait_leaves_it_to_the_others_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Race: the write that hung ends between this row's try for the turn and what the row notes about it."""
    writer, waits = HistoryWriter(), list[float]()

    class Turn:
        def acquire(self, timeout: float) -> bool:
            waits.append(timeout)
            if len(waits) == 2:
                writer._stuck = False  # as the thread does whose write has ended
            return False

    monkeypatch.setattr(writer, "_turn", Turn())
    for _ in range(3):
        with pytest.raises(DatabaseError):
            writer.write("Oslo")
    assert waits == [history_writer.LONGEST_WAIT, 0, history_writer.LONGEST_WAIT]
