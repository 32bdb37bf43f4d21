from collections.abc import Iterator

import pytest

from tests.support.scripted import Scripted, scripted
from tests.support.up_folder import up

__all__ = ["up"]


@pytest.fixture
def server() -> Iterator[Scripted]:
    with scripted() as server:
        yield server
