import pytest
from django.test import Client

from tests.api.helpers import KEY


@pytest.fixture
def keyed() -> Client:
    """A client that sends the API key and lets a 500 be an answer."""
    return Client(headers={"X-API-Key": KEY}, raise_request_exception=False)


@pytest.fixture
def anyone() -> Client:
    return Client(raise_request_exception=False)
