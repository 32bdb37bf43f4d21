from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from tests.support.api import KEY
from tests.support.receiver import SECRET, Receiver, receiving


@pytest.fixture
def keyed() -> Client:
    """A client that sends the API key and lets a 500 be an answer."""
    return Client(headers={"X-API-Key": KEY}, raise_request_exception=False)


@pytest.fixture
def anyone() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with receiving() as server:
        settings.CALLBACK_HOSTS = [server.address]
        settings.CALLBACK_SECRET = SECRET
        yield server
