"""What a process would write to its log."""

import json
import logging
from typing import Any

import pytest

from tests.support.up_folder import up

__all__ = ["up"]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the log handler writes, parsed."""
    found: list[dict[str, Any]] = []
    handler = logging.getLogger().handlers[0]
    write = logging.StreamHandler.emit

    def emit(self: logging.Handler, record: logging.LogRecord) -> None:
        if self is handler:
            found.append(json.loads(self.format(record)))
        else:
            write(self, record)

    monkeypatch.setattr(logging.StreamHandler, "emit", emit)
    return found
