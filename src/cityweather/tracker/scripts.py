"""The Lua scripts, each a file under lua/ with the prelude in front."""

from collections.abc import Callable
from importlib.resources import files
from typing import Any, cast

from redis import Redis

from cityweather.tracker.keys import JobKeys

NAMES = (
    "install", "claim", "start", "record", "release", "close", "trim", "set", "command", "fail", "finish", "snapshot",
)  # fmt: skip

Arg = str | bytes | int | float


class Scripts:
    """Callable by name: run("record", job_id, now, epoch, …). SCRIPT FLUSH is survived: a lost script is sent again."""

    def __init__(self, redis: Redis) -> None:
        folder = files("cityweather.tracker") / "lua"
        prelude = (folder / "prelude.lua").read_text()
        self._scripts: dict[str, Callable[..., Any]] = {
            name: cast("Callable[..., Any]", redis.register_script(prelude + (folder / f"{name}.lua").read_text()))
            for name in NAMES
        }

    def run(self, name: str, job_id: str, now: int | None, epoch: int | None, *args: Arg) -> Any:
        """`now` in Unix milliseconds, None for the server's clock; `epoch` None for any."""
        head: list[Arg] = ["" if now is None else now, "" if epoch is None else epoch]
        return self._scripts[name](keys=JobKeys.of(job_id).all(), args=[*head, *args])
