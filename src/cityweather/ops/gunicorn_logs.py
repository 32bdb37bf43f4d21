"""gunicorn's own lines, from its first one on, as JSON like all others."""

import logging
from typing import Any

from gunicorn import glogging  # type: ignore[import-untyped]

from cityweather.runtime import logs


class Logger(glogging.Logger):  # type: ignore[misc]
    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        handler = logging.StreamHandler()
        handler.setFormatter(logs.formatter())
        self.error_log.handlers = [handler]
        self.error_log.propagate = False
