"""What the log says of a server that is away: which one, why, and what happens next; not the same again at once."""

import logging
import time

from cityweather.runtime.connections import AWAY

log = logging.getLogger(__name__)

EVERY = 30.0  # seconds
_told: dict[str, float] = {}  # server → monotonic seconds


def tell(error: Exception, *, then: str) -> None:
    """Nothing about other errors. Passwords in addresses are masked by the log's formatter."""
    server = next((name for name, kinds in AWAY.items() if isinstance(error, kinds)), None)
    now = time.monotonic()
    if server is None or now - _told.get(server, float("-inf")) < EVERY:
        return
    _told[server] = now
    words = str(error).partition("\n")[0]
    log.warning("server_away", extra={"server": server, "reason": f"{type(error).__name__}: {words}", "next": then})
