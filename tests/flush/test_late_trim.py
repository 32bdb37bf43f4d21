"""The trim of one flusher may come while the next one, which got the row lock at the commit, looks at Redis."""

import pytest

from cityweather.flush import flusher
from cityweather.tracker.tracker import Tracker
from tests.support.flush import agree, flush, live, reload, result, running_job, work


def test_a_trim_that_comes_while_the_next_flusher_looks_is_no_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    job = running_job(20)
    work(job, [result(0)])
    trim, holds = Tracker.trim, Tracker.has_entry
    late: list[tuple[object, ...]] = []

    def trim_later(self: Tracker, *arguments: object) -> None:
        late.append(arguments)

    def holds_after_the_trim(self: Tracker, job_id: str, entry_id: str) -> bool:
        trim(self, *late.pop())  # type: ignore[arg-type]
        return holds(self, job_id, entry_id)

    with monkeypatch.context() as patch:
        patch.setattr(Tracker, "trim", trim_later)
        flusher.flush_job(str(job.job_id))
    epoch = reload(job).epoch
    work(job, [result(1)])
    with monkeypatch.context() as patch:
        patch.setattr(Tracker, "has_entry", holds_after_the_trim)
        flusher.flush_job(str(job.job_id))
    flush(job)
    assert not late
    assert reload(job).epoch == epoch
    assert agree(job) == live(job) == (2, 2, 0)
