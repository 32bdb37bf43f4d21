"""Reading and trimming the stream."""

import pytest

from cityweather.tracker.results import FORMAT, Result, decode, encode, following, order
from tests.support.tracker import JOB, Bench, good


def state_of(bench: Bench) -> tuple[str, int]:
    state = bench.tracker.progress(JOB)
    assert state is not None
    return state.flushed, state.unflushed_bytes


def test_results_come_back_as_they_were_recorded() -> None:
    results = [Result(0, 1.5, None, [20.5, "Clouds", 50, 1, None]), Result(7, 2.0, "unknown_city", None, 3)]
    assert decode(encode(results, now=10.0), received_at=10.1) == results
    assert encode(results, now=10.0).startswith(b"[%d," % FORMAT)


def test_newer_code_reads_entries_of_an_earlier_format(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = [Result(0, 1.5, None, [20.5, "Clouds", 50, 1])]
    entry = encode(recorded, now=10.0)
    monkeypatch.setattr("cityweather.tracker.results.FORMAT", FORMAT + 1)
    assert decode(entry, received_at=10.0) == recorded


def test_a_result_of_format_2_has_no_other_places() -> None:
    entry = b'[2,10.0,[[0,1.5,null,[20.5,"Clouds",50,1]],[7,2.0,"unknown_city",null]]]'
    assert decode(entry, received_at=10.0) == [
        Result(0, 1.5, None, [20.5, "Clouds", 50, 1]),
        Result(7, 2.0, "unknown_city"),
    ]


@pytest.mark.parametrize("wrong", [-3600.0, 3600.0])
def test_the_times_of_a_worker_whose_clock_is_wrong_are_corrected_by_the_clock_of_redis(wrong: float) -> None:
    entry = encode([Result(0, 99.75 + wrong), Result(1, 60.0 + wrong)], now=100.0 + wrong)
    assert [result.refreshed_at for result in decode(entry, received_at=100.5)] == [100.25, 60.5]


def test_trimming_drops_what_was_flushed_and_remembers_it(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    bench.record("t", good(0))
    bench.record("t", good(1))
    first, second = bench.tracker.read_entries(JOB, "0-1", 10)
    bench.tracker.trim({JOB: (1, first.id, first.size)})
    assert state_of(bench) == (first.id, second.size)
    assert bench.recorded() == [1]
    assert bench.tracker.has_entry(JOB, second.id)
    assert not bench.tracker.has_entry(JOB, first.id)


def test_a_flusher_that_comes_late_does_not_set_the_position_back(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    bench.record("t", good(0))
    bench.record("t", good(1))
    first, second = bench.tracker.read_entries(JOB, "0-1", 10)
    bench.tracker.trim({JOB: (1, second.id, first.size + second.size)})
    bench.tracker.trim({JOB: (1, first.id, first.size)})
    assert state_of(bench) == (second.id, 0)


def test_a_repeated_trim_that_knows_no_sizes_sets_the_sum_right_when_the_stream_is_empty(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    bench.record("t", good(0))
    (entry,) = bench.tracker.read_entries(JOB, "0-1", 10)
    bench.tracker.trim({JOB: (1, entry.id, 0)})
    assert state_of(bench) == (entry.id, 0)


def test_stream_ids_never_fall_below_the_marker_even_with_the_servers_clock_behind(bench: Bench) -> None:
    future = "99999999999999-5"
    bench.tracker.install(
        JOB, 1, future, b"", {"total": 10, "imported": 10, "next": 0, "processed": 0, "flushed": future}
    )
    bench.start("t", 10)
    bench.record("t", good(0))
    (entry,) = bench.tracker.read_entries(JOB, future, 10)
    assert order(entry.id) > order(future)
    bench.tracker.trim({JOB: (1, entry.id, entry.size)})
    bench.record("t", good(1))
    (later,) = bench.tracker.read_entries(JOB, entry.id, 10)
    assert order(later.id) > order(entry.id)


def test_ids_compare_as_numbers() -> None:
    assert order("9-10") > order("9-9")
    assert order("10-0") > order("9-99")
    assert following("9-9") == "9-10"


def test_a_job_whose_unflushed_entries_reach_their_share_is_full(bench: Bench) -> None:
    assert not bench.tracker.unflushed_full(1_000_000, of_all=1_000_000)
    assert bench.tracker.unflushed_full(10**12, of_all=10**12)
