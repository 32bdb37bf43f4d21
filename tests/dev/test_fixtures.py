"""The fixtures themselves: what the other tests rely on."""

import threading

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from kombu import Queue
from pytest_django.fixtures import Settings
from redis import Redis
from redis.exceptions import ConnectionError as RedisGone

from cityweather.celery import app
from cityweather.models import City
from cityweather.runtime import connections
from cityweather_dev.valkey import Valkey
from tests.support.capture import Sent
from tests.support.servers import forget_singletons


@pytest.mark.parametrize("turn", [1, 2])
def test_redis_is_empty_and_the_code_under_test_uses_it(redis_server: "Redis[bytes]", turn: int) -> None:
    assert redis_server.dbsize() == 0
    connections.redis_client().set("ours", turn)
    assert redis_server.get("ours") == str(turn).encode()
    connections.broker_client().lpush("fetch", b"1")
    assert connections.queue_length("fetch") == 1


@pytest.mark.usefixtures("real_broker")
def test_the_length_of_a_queue_counts_what_lets_others_pass_too(session_valkey: Valkey, settings: Settings) -> None:
    settings.BROKER_URL = session_valkey.url
    forget_singletons()
    with session_valkey.client() as client, app.connection_for_write(session_valkey.url) as connection:
        client.flushall()
        producer = app.amqp.Producer(connection)
        for priority in (0, connections.LATER, None):
            producer.publish({}, routing_key="fetch", declare=[Queue("fetch")], priority=priority)
        assert connections.queue_length("fetch") == 3
        client.flushall()
    forget_singletons()


@pytest.mark.parametrize("turn", [1, 2])
def test_the_cache_uses_the_same_redis(redis_server: "Redis[bytes]", turn: int) -> None:
    assert cache.client.get_client().dbsize() == 0
    cache.client.get_client().set("cached", turn)
    assert redis_server.get("cached") == str(turn).encode()


def test_without_the_fixture_there_is_no_redis() -> None:
    with pytest.raises(RedisGone):
        connections.redis_client().ping()
    connections.client.cache_clear()


@pytest.mark.parametrize("turn", [1, 2])
def test_a_database_is_empty_and_every_thread_sees_it(database: str, turn: int) -> None:
    assert connection.vendor.startswith(database)
    assert City.objects.count() == 0
    seen: list[str] = []

    def look() -> None:
        seen.append(f"{connection.vendor} {City.objects.count()}")
        connection.close()

    City.objects.create(name="Oslo", key="oslo", last_refreshed_at=timezone.now())
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [f"{connection.vendor} 1"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_sqlite_database_has_the_settings_of_production(database: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone() == ("wal",)
    assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


@pytest.mark.usefixtures("db")
def test_pytest_djangos_own_database_is_a_sqlite_file() -> None:
    assert ".sqlite3" in str(connection.settings_dict["NAME"])


def test_what_celery_would_send_is_kept(sent_tasks: list[Sent]) -> None:
    app.send_task("cityweather.tasks.anything", args=[1], kwargs={"a": 2}, queue="fetch")
    assert [(sent.name, sent.args, sent.kwargs, sent.options["queue"]) for sent in sent_tasks] == [
        ("cityweather.tasks.anything", (1,), {"a": 2}, "fetch")
    ]


def test_the_developers_environment_is_gone() -> None:
    assert settings.OPENWEATHER_API_KEY == ""
    assert settings.CITYWEATHER_API_KEY == "test:test-key"
