"""Time that passes only when a test moves it."""

import time
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

START = 1_795_000_000.0  # Unix seconds, in November 2026


def set_time(monkeypatch: pytest.MonkeyPatch, module: ModuleType, **functions: Any) -> None:
    """Replace functions of `time` as this module sees it. For all modules, other threads would lose the time."""
    monkeypatch.setattr(module, "time", SimpleNamespace(**{**vars(time), **functions}))


class Clock:
    """One moment as monotonic seconds, Unix seconds and Unix milliseconds."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.step = 0.0  # what the wall clock was set forward by

    def monotonic(self) -> float:
        return self.passed

    def unix(self) -> float:
        return START + self.passed + self.step

    def ms(self) -> int:
        return int(self.unix() * 1000)

    def advance(self, seconds: float) -> None:
        self.passed += seconds
