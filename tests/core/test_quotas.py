import pytest

from logserver.core import quotas
from logserver.core.faults import Invalid, NotFound
from logserver.core.projects import Project
from logserver.core.quotas import Month, QuotaExceeded, month_of
from logserver.store.tx import Tx
from tests.fakes import START_MS

OCTOBER = 1_790_812_800
"""2026-10-01T00:00:00Z, the end of the month the clock stands in."""


@pytest.mark.parametrize(
    ("now_ms", "month"),
    [
        (START_MS, Month(202609, OCTOBER)),
        (OCTOBER * 1000 - 1, Month(202609, OCTOBER)),
        (OCTOBER * 1000, Month(202610, 1_793_491_200)),
        (1_798_761_599_999, Month(202612, 1_798_761_600)),
        (1_798_761_600_000, Month(202701, 1_801_440_000)),
    ],
)
def test_months_are_those_of_utc(now_ms: int, month: Month) -> None:
    assert month_of(now_ms) == month


def test_bytes_are_counted_without_a_quota(tx: Tx, project: Project) -> None:
    for size in (100, 23):
        quotas.charge(tx, project.number, size, START_MS)
    quotas.charge(tx, project.number, 7, OCTOBER * 1000)
    assert quotas.used(tx, START_MS) == {project.number: 123}
    assert quotas.used(tx, OCTOBER * 1000) == {project.number: 7}


def test_what_does_not_fit_is_refused_whole(tx: Tx, project: Project) -> None:
    quotas.limit(tx, project.slug, 1_000)
    quotas.charge(tx, project.number, 1_000 - 1, START_MS)
    with pytest.raises(QuotaExceeded, match="1000 bytes a month, of which 1 are left, and 2 were sent") as refused:
        quotas.charge(tx, project.number, 2, START_MS)
    fault = refused.value
    assert (fault.limit, fault.remaining, fault.reset_at) == (1_000, 1, OCTOBER)
    assert fault.retry_after == OCTOBER - START_MS // 1000


def test_a_quota_that_was_lowered_leaves_nothing(tx: Tx, project: Project) -> None:
    quotas.charge(tx, project.number, 500, START_MS)
    quotas.limit(tx, project.slug, 100)
    with pytest.raises(QuotaExceeded) as refused:
        quotas.charge(tx, project.number, 1, START_MS)
    assert refused.value.remaining == 0
    quotas.limit(tx, project.slug, None)
    quotas.charge(tx, project.number, 1, START_MS)


def test_what_is_no_quota_is_refused(tx: Tx, project: Project) -> None:
    for size in (0, -1, quotas.MOST + 1):
        with pytest.raises(Invalid, match="monthly_bytes"):
            quotas.limit(tx, project.slug, size)
    with pytest.raises(NotFound):
        quotas.limit(tx, "nowhere", 1)
