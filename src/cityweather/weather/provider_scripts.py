"""Lua scripts that run on the keys of one provider, as those of the three limits do."""

from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any

import orjson
from redis import Redis
from redis.exceptions import RedisError

from cityweather.runtime.redis_cooldown import RedisCooldown
from cityweather.tracker.scripts import Script, script


def load(redis: Redis, *names: str) -> Script:
    """The scripts of this stage: lua/NAME.lua, one behind the other."""
    return script(redis, files("cityweather.weather") / "lua", *names)


class ProviderScript:
    """lua/NAME.lua on the keys of one provider. Its arguments and its reply have names: both are JSON objects.

    `now` gives Unix milliseconds for tests; without it the script reads the server's clock.
    """

    def __init__(
        self,
        redis: Redis,
        name: str,
        keys: Sequence[str],
        *,
        now: Callable[[], int] | None = None,
        cooldown: RedisCooldown | None = None,
    ) -> None:
        self._script = load(redis, "arguments", name)
        self._keys = list(keys)
        self._now = now
        self.cooldown = cooldown or RedisCooldown()

    def run(self, **arguments: Any) -> dict[str, Any]:
        """Raises RedisError."""
        if self._now is not None:
            arguments["now"] = self._now()
        known = {key: value for key, value in arguments.items() if value is not None}
        reply: dict[str, Any] = orjson.loads(self._script(keys=self._keys, args=[orjson.dumps(known)]))
        return reply

    def attempt(self, **arguments: Any) -> dict[str, Any] | None:
        """None while Redis is unreachable or refuses."""
        try:
            return None if self.cooldown.active else self.run(**arguments)
        except RedisError as error:
            self.cooldown.record_error(error)
            return None
