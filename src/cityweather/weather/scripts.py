"""The Lua scripts of this stage, each a file under lua/ with the preludes it names in front."""

from collections.abc import Callable
from importlib.resources import files
from typing import Any, cast

from redis import Redis

Script = Callable[..., Any]


def script(redis: Redis, *names: str) -> Script:
    """Call it with keys= and args=. SCRIPT FLUSH is survived: a lost script is sent again."""
    folder = files("cityweather.weather") / "lua"
    text = "\n".join((folder / f"{name}.lua").read_text() for name in ("prelude", *names))
    return cast("Script", redis.register_script(text))
