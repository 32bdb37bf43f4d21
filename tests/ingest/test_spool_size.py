"""The size of the spool is bounded."""

from io import BytesIO
from itertools import islice

import pytest

from cityweather.ingest import spool as spools
from cityweather.ingest.errors import TooLarge
from cityweather.ingest.options import Limits
from cityweather.ingest.spool import GROWTH, PAGE, Spool, spool_upload
from cityweather_dev.make_cities import distinct_names, raw_names

ROWS = 10**9


def size(spool: Spool) -> int:
    """Bytes."""
    (pages,) = spool._db.execute("PRAGMA page_count").fetchone()
    return int(pages) * PAGE


@pytest.mark.slow
def test_real_names_fit_into_the_spool_of_the_largest_upload() -> None:
    content = "\n".join(("city", *islice(distinct_names(raw_names()), 100_000))).encode()
    with spool_upload(BytesIO(content), file_name="x.csv", limits=Limits(len(content), ROWS)) as spool:
        assert spool.total == 100_000
        assert size(spool) < GROWTH * len(content)


def test_a_spool_that_grows_too_large_is_refused_with_the_limit_and_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spools, "FLOOR", 8 * PAGE)
    monkeypatch.setattr(spools, "GROWTH", 1)
    content = "\n".join(("city", *map(str, range(10_000)))).encode()
    with pytest.raises(TooLarge, match=r"65,536 bytes .*1 times IMPORT_MAX_BYTES\)\. Split it\."):
        spool_upload(BytesIO(content), file_name="x.csv", limits=Limits(65_536, ROWS))


def test_a_small_limit_leaves_room_for_the_spool_of_a_small_file() -> None:
    content = b"city\nParis"
    with spool_upload(BytesIO(content), file_name="x.csv", limits=Limits(len(content), 1)) as spool:
        assert spool.total == 1
