"""A damaged page in the way of what deletes: of that project nothing more goes, of all others it goes as ever."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from logserver.core.retention import Expiry, Retention
from logserver.core.trimming import Trimming
from logserver.store import countings
from logserver.store.database import snapshot
from tests.contracts.logister.sending import BATCH, NDJSON, event, lines, uuid
from tests.contracts.logstitch.trails import running
from tests.fakes import FakeClock
from tests.serving import Server
from tests.whole.damaging import damage

DAY = 86_400
SLUGS = ("first", "second", "third")


@pytest.fixture
def server(tmp_path: Path, clock: FakeClock) -> Iterator[Server]:
    """A server whose first project has a damaged page among its events, all of which are a day past their retention."""
    with damaged(tmp_path / "data", clock, kept_days=1) as serving:
        yield serving


@pytest.fixture
def keeping(tmp_path: Path, clock: FakeClock) -> Iterator[Server]:
    """The same, of which nothing is past its retention: its own jobs delete nothing."""
    with damaged(tmp_path / "data", clock, kept_days=30) as serving:
        yield serving


@contextmanager
def damaged(folder: Path, clock: FakeClock, *, kept_days: int) -> Iterator[Server]:
    with running(folder, clock) as filling:
        for slug in SLUGS:
            sender = filling.sender(slug, retention_days=kept_days)
            body = [event(uuid=uuid(n), message=f"m {n}", context={"n": n, "pad": "x" * 500}) for n in range(100)]
            assert filling.post(BATCH, lines(*body), sender.token, NDJSON).status_code == 202
            clock.turn(120)
    damage(folder, "events")
    with running(folder, clock) as serving:
        clock.turn(2 * DAY)
        yield serving


def held(server: Server) -> list[int]:
    """How many events each project has, by the counts: the rows of the first one cannot all be read."""
    with snapshot(server.folder) as tx:
        totals = countings.totals(tx)
    return [totals.get(number, 0) for number in range(1, len(SLUGS) + 1)]


def test_what_is_damaged_keeps_no_other_project_from_expiring(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    database = server.app.database
    expiry = Expiry(database, server.clock.monotonic, Retention(server.app.trail.retire))
    for _ in range(3):
        while server.run(expiry.one_pass, server.clock.now_ms()):
            pass
        assert held(server) == [100, 0, 0]
        server.clock.turn(60)
    said = [record.getMessage() for record in caplog.records if record.name == "logserver.retention"]
    assert set(said) == {"nothing more expires of the project first: what is due is damaged"}
    # Once by the job here, and once by the server's own where that has come by.
    assert len(said) <= 2
    assert database.mishaps.damage


@pytest.mark.parametrize("limit", [1, 100_000_000])
def test_what_is_damaged_keeps_no_other_project_from_making_room(keeping: Server, limit: int) -> None:
    server = keeping
    trimming = Trimming(server.app.database, server.clock.monotonic, limit)
    while server.run(trimming.one_pass, server.clock.now_ms()):
        pass
    assert held(server) == ([100, 0, 0] if limit == 1 else [100, 100, 100])
    assert trimming.standing.stuck == (limit == 1)
