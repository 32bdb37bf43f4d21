"""The README's commands and curl calls do what it shows, in its order, on one living service."""

from collections.abc import Callable

import pytest

from tests.support import readme
from tests.support.running import Running

pytestmark = pytest.mark.xdist_group("acceptance")


def test_every_command_of_the_readme_answers_as_it_shows(run_up: Callable[..., Running]) -> None:
    up = run_up(PLACES_FILE="")  # the shipped gazetteer
    shown = readme.steps((readme.ROOT / "README.md").read_text())
    commands = [step.command.replace("http://127.0.0.1:8000", up.url) for step in shown]
    answers = readme.run(commands, {"CITYWEATHER_SERVER": up.url, "CITYWEATHER_API_KEY": up.api_key, "S": up.url})
    assert len(answers) == len(shown) > 20
    for step, answer in zip(shown, answers, strict=True):
        assert readme.shape(answer) == readme.shape(step.output), step.command
