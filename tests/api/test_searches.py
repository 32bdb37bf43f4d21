"""A search is in the database before it is answered; those that come together share a commit."""

import select
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import Client
from django.utils import timezone

from cityweather.api import searches
from cityweather.api.searches import Search, Writer
from cityweather.models import SearchHistory

TOGETHER = 8
only_postgres = pytest.mark.parametrize("database", ["postgres"], indirect=True)


class Gate:
    """Holds the first insert until the others have lined up behind it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, writer: Writer, failing: int | None = None) -> None:
        self.batches: list[int] = []
        self._writer, self._failing, self._real = writer, failing, searches.insert
        monkeypatch.setattr(searches, "insert", self._insert)

    def _insert(self, batch: list[Search]) -> None:
        self.batches.append(len(batch))
        if len(self.batches) == 1:
            lined_up = threading.Event()
            while len(self._writer._waiting) < TOGETHER - 1:
                lined_up.wait(0.001)
        if len(self.batches) == self._failing:
            raise DatabaseError("gone")
        self._real(batch)


def write_together(writer: Writer) -> list[Exception | None]:
    """What each of eight threads was told."""

    def write(number: int) -> Exception | None:
        try:
            writer.write(Search(f"City {number}"))
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
    writer = Writer()
    gate = Gate(monkeypatch, writer)
    assert write_together(writer) == [None] * TOGETHER
    assert gate.batches == [1, TOGETHER - 1]
    names = sorted(SearchHistory.objects.values_list("city_name", flat=True))
    assert names == [f"City {n}" for n in range(TOGETHER)]


@pytest.mark.usefixtures("database")
def test_a_commit_that_fails_is_told_to_those_it_was_for_and_to_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer()
    Gate(monkeypatch, writer, failing=1)
    told = write_together(writer)
    assert sum(isinstance(error, DatabaseError) for error in told) == 1
    assert SearchHistory.objects.count() == TOGETHER - 1
    writer.write(Search("After"))
    assert SearchHistory.objects.filter(city_name="After").exists()


@pytest.mark.usefixtures("database")
def test_what_ends_the_writing_thread_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer()
    real = searches.insert

    def end(_: list[Search]) -> None:
        raise SystemExit

    monkeypatch.setattr(searches, "insert", end)
    with pytest.raises(SystemExit):
        writer.write(Search("Lost"))
    monkeypatch.setattr(searches, "insert", real)
    writer.write(Search("Oslo"))
    assert [row.city_name for row in SearchHistory.objects.all()] == ["Oslo"]


@pytest.mark.usefixtures("database")
def test_a_database_that_hangs_takes_one_thread_along_and_not_all(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(searches, "LONGEST_WAIT", 0.05)
    hangs, answers = threading.Event(), threading.Event()
    real = searches.insert

    def hang(batch: list[Search]) -> None:
        hangs.set()
        assert answers.wait(30)
        real(batch)
        connection.close()

    monkeypatch.setattr(searches, "insert", hang)
    first = threading.Thread(target=searches.remember, args=("Oslo",))
    first.start()
    assert hangs.wait(30)
    for _ in range(3):
        searches.remember("Rome")
    assert caplog.text.count("history_not_written") == 3
    assert not searches.writer()._waiting
    answers.set()
    first.join()
    assert [row.city_name for row in SearchHistory.objects.all()] == ["Oslo"]


@pytest.mark.usefixtures("database")
def test_many_threads_lose_nothing_and_write_nothing_twice() -> None:
    writer = Writer()

    def write(thread: int) -> None:
        try:
            for number in range(25):
                writer.write(Search(f"{thread}-{number}"))
        finally:
            connection.close()

    with ThreadPoolExecutor(TOGETHER) as pool:
        list(pool.map(write, range(TOGETHER)))
    names = sorted(SearchHistory.objects.values_list("city_name", flat=True))
    assert names == sorted(f"{thread}-{number}" for thread in range(TOGETHER) for number in range(25))


@pytest.mark.usefixtures("database")
def test_the_time_is_that_of_the_search_however_late_it_is_written() -> None:
    search = Search("Oslo")
    search.at -= timedelta(seconds=30)
    Writer().write(search)
    assert SearchHistory.objects.get().timestamp == search.at
    assert timezone.now() - SearchHistory.objects.get().timestamp >= timedelta(seconds=30)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("city", ["L'Aquila", 'a "b" \\ c', "100%s", "Ås", "x" * 300])
def test_any_name_arrives_as_it_was_up_to_its_limit(anyone: Client, city: str) -> None:
    searches.remember(city)
    assert anyone.get("/history").json()["results"][0]["city"] == city[:200]


@pytest.mark.usefixtures("database")
def test_a_database_away_is_a_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: list[Search]) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(searches, "insert", refuse)
    searches.remember("Oslo")
    assert "history_not_written" in caplog.text
    assert SearchHistory.objects.count() == 0


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, database: str) -> list[bool]:
    """What the connection answered each time that it was asked whether it lives, for rows that follow at once."""
    answers: list[bool] = []
    real = DatabaseWrapper.is_usable

    def ask(wrapper: DatabaseWrapper) -> bool:
        answers.append(real(wrapper))
        return answers[-1]

    monkeypatch.setattr(DatabaseWrapper, "is_usable", ask)
    searches.remember("Oslo")
    return answers


@only_postgres
def test_a_connection_that_wrote_a_moment_ago_is_not_asked_whether_it_lives(asked: list[bool]) -> None:
    searches.remember("Rome")
    assert asked == []
    assert SearchHistory.objects.filter(city_name="Rome").exists()


@only_postgres
def test_a_connection_that_has_been_idle_is_asked(asked: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searches, "FRESH", 0.0)
    searches.remember("Rome")
    assert asked == [True]


@only_postgres
def test_a_look_up_leaves_its_thread_without_a_connection(database: str) -> None:
    def search() -> bool:
        searches.remember("Oslo")
        return connections["default"].connection is None

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(search).result()
    assert SearchHistory.objects.get().city_name == "Oslo"


@only_postgres
def test_a_server_that_hung_up_a_moment_ago_costs_no_row(asked: list[bool]) -> None:
    hang_up()
    searches.remember("Rome")
    assert asked == [False]
    assert SearchHistory.objects.filter(city_name="Rome").exists()


def hang_up() -> None:
    """Returns once the server has closed our connection, and its goodbye is here."""
    own = searches.own()
    assert own is not None
    process, descriptor = own.django.connection.info.backend_pid, own.django.connection.fileno()
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [process])
    finally:
        other.close()
    assert select.select([descriptor], [], [], 10)[0]
