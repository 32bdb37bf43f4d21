"""No test talks to a broker: what Celery would send is kept for the test to look at."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from celery import Celery
from celery.result import AsyncResult


@dataclass(frozen=True)
class Sent:
    """One message. `name` is the task's, `options` hold queue, expires, …"""

    name: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


@pytest.fixture
def sent_tasks() -> list[Sent]:
    """The messages sent during this test, in order."""
    return []


@pytest.fixture(autouse=True)
def no_broker(request: pytest.FixtureRequest, sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch) -> None:
    """Always on. A test that has a broker and wants to send asks for `real_broker`."""

    def send_task(self: Celery, name: str, args: Any = None, kwargs: Any = None, **options: Any) -> AsyncResult:
        sent_tasks.append(Sent(name, tuple(args or ()), dict(kwargs or {}), options))
        return AsyncResult(options.get("task_id") or f"sent-{len(sent_tasks)}", app=self)

    if "real_broker" not in request.fixturenames:
        monkeypatch.setattr(Celery, "send_task", send_task)


@pytest.fixture
def real_broker() -> None:
    """Let Celery send."""
