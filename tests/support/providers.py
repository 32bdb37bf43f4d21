"""The weather provider for tests: the simulator, steered while it runs."""

from collections.abc import Iterator
from typing import Any

import pytest

from cityweather_dev.simulator.process import Simulator


@pytest.fixture(scope="session")
def session_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with Simulator(tmp_path_factory.mktemp("simulator"), invent=1) as server:
        yield server


@pytest.fixture
def simulator(session_simulator: Simulator, settings: Any) -> Simulator:
    """Both providers' addresses lead to it; no faults and nothing counted yet; numbered names are places, too."""
    session_simulator.reset()
    settings.OPENWEATHER_API_KEY = "test-key"
    for name in ("OPENWEATHER_URL", "OPEN_METEO_URL", "OPEN_METEO_GEOCODING_URL"):
        setattr(settings, name, session_simulator.url)
    return session_simulator
