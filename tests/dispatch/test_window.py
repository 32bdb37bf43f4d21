"""How much of a job is on its way at once."""

from cityweather.dispatch.window import (
    BATCH,
    FIRST,
    MOST,
    SMALL,
    Load,
    allowed_window,
    batch_size,
    next_window,
    under_way,
)
from cityweather.tracker.leases import LEASE, SILENT, Lease

MANY = 1_000_000  # rows left
NOW = 1_700_000_000_000  # ms


def load(
    *, jobs: int = 1, rate: float = 0, in_flight: int = 0, waiting: int = 0, empty: bool = True,
    quota: float | None = None, working: int = 0, young: bool = False,
) -> Load:  # fmt: skip
    """`waiting`: of the rows in flight, those that no process works on."""
    return Load(
        jobs=jobs, rate=rate, in_flight=in_flight, unstarted=waiting, queue_empty=empty, quota=quota,
        working=working, young=young,
    )  # fmt: skip


def lease(state: str, *, silent: int, token: str = "a") -> Lease:
    """`silent`: ms since it was sent or its worker renewed it."""
    return Lease(token, 0, 10, 10, NOW - silent + LEASE, 0, state)


def test_the_window_doubles_while_workers_wait_for_work() -> None:
    window, steps = FIRST, 0
    while window < 5000:
        window, steps = next_window(window, load(rate=2000), full=True), steps + 1
    assert steps <= 10


def test_it_doubles_before_there_is_a_rate_if_everything_sent_is_being_worked_on() -> None:
    assert next_window(10, load(in_flight=10, waiting=0), full=True) == 20
    assert next_window(10, load(in_flight=10, waiting=6), full=True) == 10


def test_answers_that_take_longer_than_the_window_lasts_do_not_keep_workers_waiting() -> None:
    """Every process waits for a provider that takes five seconds; the rate is that of what was sent, not of them."""
    assert next_window(10, load(rate=2, in_flight=10, waiting=0), full=True) == 20


def test_it_does_not_grow_while_rows_wait_to_be_started() -> None:
    assert next_window(300, load(rate=100, in_flight=300, waiting=100), full=True) == 300
    assert next_window(300, load(rate=100, in_flight=300, waiting=0, empty=False), full=True) == 300


def test_a_window_that_the_job_does_not_fill_does_not_grow() -> None:
    assert next_window(100, load(rate=100, in_flight=0), full=False) == 100
    assert next_window(100, load(rate=1000, in_flight=20, empty=False), full=False) == 100


def test_the_window_halves_while_the_queue_holds_too_much_work() -> None:
    assert next_window(8000, load(rate=100, in_flight=8000, empty=False), full=True) == 4000


def test_it_is_not_halved_before_there_is_a_rate() -> None:
    assert next_window(8000, load(rate=100, in_flight=8000, empty=False, young=True), full=True) == 8000


def test_it_grows_to_the_jobs_share_and_not_beyond_while_the_queue_holds_work() -> None:
    assert next_window(200, load(rate=100, in_flight=200, empty=False), full=True) == 300


def test_it_never_shrinks_below_the_jobs_share_nor_below_the_first_cities() -> None:
    assert next_window(400, load(rate=100, in_flight=400, empty=False), full=True) == 300
    assert next_window(FIRST, load(rate=0.1, in_flight=FIRST, empty=False), full=True) == FIRST


def test_running_jobs_share_the_window() -> None:
    newcomer = next_window(FIRST, load(jobs=2, rate=1000, in_flight=3000, empty=False), full=True)
    veteran = next_window(3000, load(jobs=2, rate=1000, in_flight=3010, empty=False), full=True)
    assert newcomer == 2 * FIRST
    assert veteran == 1500


def test_the_window_has_an_upper_bound_whatever_the_rate() -> None:
    assert next_window(MOST - 1, load(rate=1e9, in_flight=MOST), full=True) == MOST
    assert next_window(MOST - 1, load(rate=1e9, in_flight=MOST, empty=False), full=True) == MOST


def test_under_a_quota_one_second_of_it_is_in_workers_hands() -> None:
    assert allowed_window(5000, load(quota=10)) == 10
    assert allowed_window(FIRST, load(quota=0.95)) == 2
    assert allowed_window(5000, load(jobs=2, quota=10)) == 5
    assert allowed_window(FIRST, load(jobs=2, quota=10), new=True) == FIRST
    assert allowed_window(5000, load()) == 5000


def test_a_batch_is_a_seconds_work_of_one_process_and_at_most_2000_rows() -> None:
    assert batch_size(10_000, 200.0, MANY, load(rate=400)) == 200
    assert batch_size(10_000, 9000.0, MANY, load(rate=400)) == BATCH == 2000
    assert batch_size(10_000, 0.2, MANY, load(rate=1)) == 1


def test_a_batch_stays_small_until_the_speed_of_a_process_is_known() -> None:
    assert batch_size(10_000, 0, MANY, load(rate=400)) == SMALL


def test_a_small_window_is_cut_so_that_another_process_gets_some() -> None:
    assert batch_size(FIRST, 0, MANY, load()) == 5


def test_the_last_batches_are_small_so_that_all_processes_end_together() -> None:
    eight = load(rate=16_000, working=8)
    assert batch_size(50_000, 2000.0, 40_000, eight) == 2000
    assert batch_size(50_000, 2000.0, 16_000, eight) == 1000
    assert batch_size(50_000, 2000.0, 300, eight) == SMALL
    assert batch_size(50_000, 100.0, 300, eight) == 100


def test_under_a_quota_a_batch_is_half_a_seconds_worth_of_it() -> None:
    assert batch_size(5000, 0, MANY, load(quota=10)) == 5
    assert batch_size(5000, 0, MANY, load(jobs=4, quota=10)) == 1
    assert batch_size(2, 0, MANY, load(quota=0.95)) == 1


def test_a_batch_that_its_worker_renews_is_under_way_and_another_is_not() -> None:
    speaking, silent = lease("running", silent=SILENT - 1), lease("running", silent=SILENT)
    assert under_way([[speaking], [silent]], NOW, 0) == [[speaking], []]


def test_batches_that_wait_in_the_queue_are_under_way_however_long_no_worker_comes() -> None:
    waiting = [lease("queued", silent=3_600_000, token=token) for token in "ab"]
    assert under_way([waiting], NOW, 2) == [waiting]


def test_batches_that_the_queue_no_longer_holds_are_under_way_for_some_seconds_the_oldest_first() -> None:
    """A worker took them; it is dead if it neither starts them nor renews others."""
    old, held, queued = (lease("queued", silent=silent, token=f"{silent}") for silent in (9_000, 2_000, 5_000))
    assert under_way([[old, held, queued]], NOW, 2) == [[held, queued]]
    assert under_way([[old, held, queued]], NOW, 0) == [[held]]


def test_what_came_back_is_not_under_way() -> None:
    assert under_way([[lease("released", silent=0)]], NOW, 0) == [[]]
