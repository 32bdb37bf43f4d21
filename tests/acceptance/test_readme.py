"""The README's commands and curl calls do what it shows, in its order, on one living service."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.running import Running

pytestmark = pytest.mark.xdist_group("acceptance")

ROOT = Path(__file__).resolve().parents[2]
END = "-- end of an answer --"


@dataclass(frozen=True)
class Step:
    """One command behind `$ ` and the lines below it."""

    command: str
    output: str


def steps(text: str) -> list[Step]:
    """All commands of the fenced blocks that show a session, in their order."""
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    sessions = [block for block in blocks if block.startswith("$ ")]
    parts = [part for block in sessions for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [Step(*(half.strip() for half in (*part.split("\n", 1), "")[:2])) for part in parts]


def run(commands: list[str], environment: Mapping[str, str], seconds: float = 120) -> list[str]:
    """What each command prints, all of them run by one shell. `env/run` is left out: its environment is ours."""
    script = "\n".join(f"{command.replace('env/run ', '')}\nprintf '\\n{END}\\n'" for command in commands)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, **environment, "PATH": path},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [answer.strip() for answer in done.stdout.split(END)][:-1]


def shape(text: str) -> Any:
    """Status line and names of JSON fields, nested ones too; of other text the lines without their numbers."""
    head, _, body = text.replace("\r", "").partition("\n\n") if text.startswith("HTTP/") else ("", "", text)
    status = head.split("\n", 1)[0]
    try:
        return status, names(json.loads(body))
    except ValueError:
        return status, re.sub(r"[0-9a-f]{8}-[0-9a-f-]+|\d[\d,.]*", "0", body).split("\n")[:1]


def names(value: Any) -> Any:
    """Of a list its first item stands for all."""
    if isinstance(value, dict):
        return {name: names(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [names(value[0])] if value else []
    return ""


def test_every_command_of_the_readme_answers_as_it_shows(run_up: Callable[..., Running]) -> None:
    up = run_up(PLACES_FILE="")  # the shipped gazetteer
    shown = steps((ROOT / "README.md").read_text())
    commands = [step.command.replace("http://127.0.0.1:8000", up.url) for step in shown]
    answers = run(commands, {"CITYWEATHER_SERVER": up.url, "CITYWEATHER_API_KEY": up.api_key, "S": up.url})
    assert len(answers) == len(shown) > 20
    for step, answer in zip(shown, answers, strict=True):
        assert shape(answer) == shape(step.output), step.command
