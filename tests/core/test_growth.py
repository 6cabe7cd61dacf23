"""How the store grows, and what it comes to."""

import pytest

from logserver.core import growth, projects
from logserver.core.growth import DAYS, Growth, Measuring
from logserver.core.projects import Project
from logserver.store.ids import pack
from logserver.store.tx import Tx
from tests.contracts.logister.sending import BATCH, NDJSON, event, lines, uuid
from tests.fakes import START_MS
from tests.serving import Sender, Server

TODAY = START_MS // 86_400_000
FREE = 10**12


def measured(tx: Tx, project: Project, held: int, arrived: int, kind: str = "events") -> None:
    """As if so many events had been counted today in a file of 1,000 bytes for each."""
    tx.execute("INSERT INTO project_days VALUES (?, ?, ?, ?, ?)", (TODAY, project.number, kind, held, arrived))
    tx.execute(
        "INSERT INTO store_days VALUES (?, ?, 500) ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes - 500",
        (TODAY, held * 1_000 + 500),
    )


def oldest(tx: Tx, project: Project, days: int) -> None:
    """Give a project an event that old."""
    tx.execute(
        "INSERT INTO events (id, words, type, level, message, context, received) VALUES (?, 1, 'log', '', '', '{}', 0)",
        (pack(project.number, START_MS - days * 86_400_000),),
    )


def read(tx: Tx, free: int = FREE) -> Growth:
    return growth.read(tx, START_MS, free)


def test_nothing_is_foretold_where_nothing_was_measured(tx: Tx, project: Project) -> None:
    found = read(tx)
    assert (found.days, found.ahead, found.per_event, found.full_in, found.held) == ([], [], None, None, 0)
    assert [share.project for share in found.shares] == [project]


def test_a_project_grows_until_its_retention_is_full(tx: Tx, project: Project) -> None:
    """Ten of its thirty days are there: twenty more and it stays as large as it is."""
    oldest(tx, project, 10)
    measured(tx, project, held=1_000, arrived=100)
    found = read(tx)
    assert found.per_event == 1_000
    assert found.ahead[0] == 1_100_000
    assert found.ahead[19] == 3_000_000
    assert found.ahead[19:] == pytest.approx([3_000_000] * 11)


def test_a_project_that_is_full_stays_as_large(tx: Tx, project: Project) -> None:
    oldest(tx, project, 30)
    measured(tx, project, held=3_000, arrived=100)
    assert read(tx).ahead == pytest.approx([3_000_000] * DAYS)


def test_one_that_is_sent_nothing_any_more_goes(tx: Tx, project: Project) -> None:
    oldest(tx, project, 30)
    measured(tx, project, held=3_000, arrived=0)
    assert read(tx).ahead[-1] == 0
    assert read(tx).ahead[14] == pytest.approx(1_500_000)


def test_audit_events_that_are_kept_for_ever_only_grow(tx: Tx, project: Project) -> None:
    oldest(tx, project, 300)
    measured(tx, project, held=3_000, arrived=10, kind="audit")
    assert read(tx).ahead[-1] == 3_300_000
    projects.set_values(tx, "shop", audit_retention_days=300)
    assert read(tx).ahead[-1] == pytest.approx(3_000_000)


@pytest.mark.parametrize(("free", "full_in"), [(99_000, 1), (100_000, 2), (1_950_000, 20), (2_000_000, None)])
def test_it_says_when_the_disk_is_full(tx: Tx, project: Project, free: int, full_in: int | None) -> None:
    oldest(tx, project, 10)
    measured(tx, project, held=1_000, arrived=100)
    assert read(tx, free).full_in == full_in


def test_measuring_counts_every_project_and_keeps_a_row_a_day(server: Server, sender: Sender) -> None:
    other = server.sender("other")

    def send(to: Sender, count: int, days_ago: int) -> None:
        at = (server.clock.now_ms() - days_ago * 86_400_000) / 1_000
        body = [event(uuid=uuid(server.count("events") + n), occurred_at=at) for n in range(count)]
        assert server.post(BATCH, lines(*body), to.token, NDJSON).status_code == 202

    def measure() -> Growth:
        measuring = Measuring(server.app.database)
        while server.run(measuring.one_pass, server.clock.now_ms()):
            pass
        return server.administer(growth.read, server.clock.now_ms(), FREE)

    send(sender, 3, 0)
    send(sender, 4, 5)
    send(other, 1, 0)
    server.write(lambda tx: tx.execute("DELETE FROM store_days"))
    found = measure()
    assert [(share.project.slug, share.held, share.arrived) for share in found.shares] == [
        (sender.project.slug, 7, 3),
        ("other", 1, 1),
    ]
    assert (found.held, found.arrived, len(found.days), len(found.ahead)) == (8, 4, 1, DAYS)
    assert measure().days == found.days
    server.clock.turn(86_460)
    send(other, 1, 0)
    found = measure()
    assert [each.day for each in found.days] == [TODAY, TODAY + 1]
    assert found.days[-1].size > found.days[-1].unused >= 0
    assert {share.project.slug: share.arrived for share in found.shares}["other"] == 1
    server.clock.turn(500 * 86_400)
    measure()
    assert server.rows("SELECT day FROM store_days") == [(TODAY + 501,)]
