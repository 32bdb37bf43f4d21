"""The Lua scripts: each is a file under lua/, with prelude.lua in front of it."""

from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Traversable
from importlib.resources import files
from typing import Any, cast

from redis import Redis

from cityweather.tracker.keys import JobKeys

NAMES = (
    "install", "install_new", "claim", "start", "record", "release", "close", "trim", "set_fields", "copy_row", "fail",
    "finish", "snapshot",
)  # fmt: skip

Arg = str | bytes | int | float
Script = Callable[..., Any]


def script(redis: Redis, folder: Traversable, *names: str) -> Script:
    """The files NAME.lua of a folder, one behind the other; call it with keys= and args=.

    SCRIPT FLUSH is survived: a lost script is sent again.
    """
    return cast("Script", redis.register_script(_text(folder, *names)))


def _text(folder: Traversable, *names: str) -> str:
    return "\n".join((folder / f"{name}.lua").read_text() for name in names)


class Scripts:
    """Callable by name: run("record", job_id, now, epoch, …)."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        folder = files("cityweather.tracker") / "lua"
        self._scripts = {name: script(redis, folder, "prelude", name) for name in NAMES}
        self._texts = {name: _text(folder, "prelude", name) for name in NAMES}  # these files may be replaced under us

    def run(self, name: str, job_id: str, now: int | None, epoch: int | None, *args: Arg) -> Any:
        """`now` in Unix milliseconds, None for the server's clock; `epoch` None for any."""
        head: list[Arg] = ["" if now is None else now, "" if epoch is None else epoch]
        return self._scripts[name](keys=JobKeys.of(job_id).all(), args=[*head, *args])

    def run_many(self, name: str, now: int | None, calls: Mapping[str, Sequence[Arg]]) -> list[Any]:
        """For many jobs in one round trip. `calls`: by job its epoch, "" for any, and what is behind it."""
        text, pipe = self._texts[name], cast("Any", self._redis.pipeline(transaction=False))
        for job_id, args in calls.items():
            keys = JobKeys.of(job_id).all()
            # Sent as raw EVAL: a cluster's pipeline has neither EVALSHA nor eval().
            pipe.execute_command("EVAL", text, len(keys), *keys, "" if now is None else now, *args)
        return cast("list[Any]", pipe.execute())
