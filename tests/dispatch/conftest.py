import pytest


@pytest.fixture(autouse=True)
def _both(redis_server: object, database: object) -> None:
    """Every test here runs on each Redis with each database."""
