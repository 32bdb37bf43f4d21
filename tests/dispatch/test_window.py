"""How much of a job is on its way at once."""

from cityweather.dispatch.window import BATCH, FIRST, MOST, Load, batch_size, next_window


def load(*, jobs: int = 1, rate: float = 0, in_flight: int = 0, empty: bool = True, quota: float | None = None) -> Load:
    return Load(jobs=jobs, rate=rate, in_flight=in_flight, queue_empty=empty, quota=quota)


def test_the_window_doubles_while_workers_wait_for_work() -> None:
    window, steps = FIRST, 0
    while window < 5000:
        window, steps = next_window(window, 0, load(rate=2000, in_flight=0)), steps + 1
    assert steps <= 10


def test_it_does_not_grow_before_the_first_results_tell_a_rate() -> None:
    assert next_window(FIRST, FIRST, load(rate=0, in_flight=FIRST)) == FIRST


def test_an_empty_queue_is_no_reason_to_grow_while_workers_hold_seconds_of_work() -> None:
    assert next_window(301, 301, load(rate=100, in_flight=301)) == 300
    assert next_window(1000, 10, load(rate=100, in_flight=10, empty=False)) == 1000


def test_the_window_halves_while_the_queue_holds_too_much_work() -> None:
    assert next_window(8000, 8000, load(rate=100, in_flight=8000, empty=False)) == 4000


def test_it_grows_to_the_jobs_share_and_not_beyond_while_the_queue_holds_work() -> None:
    assert next_window(200, 200, load(rate=100, in_flight=200, empty=False)) == 300


def test_it_never_shrinks_below_the_jobs_share_nor_below_the_first_cities() -> None:
    assert next_window(400, 400, load(rate=100, in_flight=400, empty=False)) == 300
    assert next_window(FIRST, FIRST, load(rate=0.1, in_flight=FIRST, empty=False)) == FIRST


def test_running_jobs_share_the_window() -> None:
    newcomer = next_window(FIRST, FIRST, load(jobs=2, rate=1000, in_flight=3000, empty=False))
    veteran = next_window(3000, 3000, load(jobs=2, rate=1000, in_flight=3010, empty=False))
    assert newcomer == 2 * FIRST
    assert veteran == 1500


def test_the_window_has_an_upper_bound_whatever_the_rate() -> None:
    assert next_window(MOST, MOST, load(rate=1e9, in_flight=MOST)) == MOST


def test_under_a_quota_two_seconds_of_it_are_in_workers_hands() -> None:
    assert next_window(5000, 20, load(rate=10, in_flight=20, quota=10)) == 20
    assert next_window(FIRST, 2, load(rate=1, in_flight=2, quota=0.95)) == 2
    assert next_window(5000, 20, load(jobs=2, rate=10, in_flight=20, quota=10)) == 10


def test_a_batch_is_a_seconds_work_of_one_process_and_at_most_500_rows() -> None:
    assert batch_size(10_000, 200.0, load(rate=400)) == 200
    assert batch_size(10_000, 9000.0, load(rate=400)) == BATCH
    assert batch_size(10_000, 0.2, load(rate=1)) == 1


def test_a_small_window_is_cut_so_that_several_processes_get_some() -> None:
    assert batch_size(FIRST, 0, load()) == 2


def test_under_a_quota_a_batch_is_a_seconds_worth_of_it() -> None:
    assert batch_size(5000, 0, load(quota=10)) == 10
    assert batch_size(5000, 0, load(jobs=4, quota=10)) == 2
    assert batch_size(2, 0, load(quota=0.95)) == 1
