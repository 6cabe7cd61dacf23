"""The oldest events go first, over all projects, until the store is small enough."""

import pytest

from logserver.core.trimming import AT_ONCE, Trimming, oldest, reclaimable
from logserver.store import index
from tests import agreement
from tests.contracts.logister.sending import BATCH, EVENTS, NDJSON, event, lines, span, uuid
from tests.contracts.logstitch.asked import EVENTS as AUDIT
from tests.contracts.logstitch.asked import event as audit_event
from tests.serving import Sender, Server

KILOBYTE = 1_000
PADDING = "x" * 2_000


def fill(server: Server, sender: Sender, count: int, first: int = 1) -> None:
    """So many events of about three kilobytes, ten of them a minute."""
    for start in range(first, first + count, 10):
        body = [
            event(uuid=uuid(n), message=f"m {n}", context={"n": n, "pad": PADDING}) for n in range(start, start + 10)
        ]
        assert server.post(BATCH, lines(*body), sender.token, NDJSON).status_code == 202
        server.clock.turn(60)


def trim(server: Server, limit: int) -> Trimming:
    """Let the job run until it rests."""
    trimming = Trimming(server.app.database, server.clock.monotonic, limit)
    while server.run(trimming.one_pass, server.clock.now_ms()):
        pass
    return trimming


def numbers(server: Server, sender: Sender) -> list[int]:
    return [each.context["n"] for each in server.events(sender.project)]


def test_the_oldest_of_all_projects_go_first(server: Server) -> None:
    one, other = server.sender(), server.sender()
    for turn in range(20):
        fill(server, one, 20, first=1 + turn * 20)
        fill(server, other, 20, first=1_001 + turn * 20)
    trimming = trim(server, 2_000 * KILOBYTE)
    kept, others = numbers(server, one), numbers(server, other)
    assert 0 < len(kept) < 400
    assert 0 < len(others) < 400
    assert (kept[-1], others[-1]) == (400, 1_400)
    # Both lost what is older than the same minute.
    assert abs(len(kept) - len(others)) <= 40
    assert agreement.check(server.folder) == len(kept) + len(others)
    standing = trimming.standing
    assert standing.used - standing.reclaimable <= 0.9 * 2_000 * KILOBYTE
    assert standing.cut_ms is not None
    assert not standing.stuck


def test_nothing_goes_where_there_is_room_or_no_limit(server: Server, sender: Sender) -> None:
    fill(server, sender, 50)
    for limit in (0, 100_000 * KILOBYTE):
        assert trim(server, limit).standing.cut_ms is None
    assert len(numbers(server, sender)) == 50


def test_error_groups_stay_and_audit_events_are_passed_over(server: Server, sender: Sender) -> None:
    for n in range(30):
        assert server.post(AUDIT, audit_event(metadata={"pad": PADDING}), sender.token).status_code == 201
        server.post(EVENTS, event(uuid=uuid(n + 1), event_type="error", context={"n": n}), sender.token)
        server.clock.turn(60)
    trimming = trim(server, 1)
    assert [each.type for each in server.events(sender.project)] == ["audit"] * 30
    assert server.rows("SELECT n FROM error_groups") == [(30,)]
    # It is still too large, and says so; nothing is refused for that.
    assert trimming.standing.stuck
    assert trimming.refusing is None
    assert agreement.check(server.folder) == 30


def test_metrics_and_spans_go_with_their_minutes(server: Server, sender: Sender) -> None:
    for n in range(1, 41):
        metric = event(uuid=uuid(n), event_type="metric", message="depth", context={"value": n, "pad": PADDING})
        made = span(uuid=uuid(1_000 + n), span_id=f"s{n}", started_at=server.clock.now_ms())
        assert server.post(BATCH, lines(metric, made), sender.token, NDJSON).status_code == 202
        server.clock.turn(60)
    trim(server, 1)
    assert agreement.check(server.folder) == 0
    assert (server.count("sketches"), server.count("all_identities")) == (0, 0)


def test_what_comes_late_goes_first(server: Server, sender: Sender) -> None:
    began = server.clock.now_ms()
    fill(server, sender, 300)
    trim(server, 1_200 * KILOBYTE)
    left = numbers(server, sender)
    late = event(uuid=uuid(5_000), occurred_at=began, context={"n": 0})
    assert server.post(EVENTS, late, sender.token).status_code == 201
    assert numbers(server, sender) == [0, *left]
    stretches = server.run(server.app.database.read, oldest, 1)
    assert [each.until for each in stretches] == [began // 60_000 + 1]
    fill(server, sender, 400, first=6_001)
    trim(server, 1_200 * KILOBYTE)
    assert 0 not in numbers(server, sender)


def test_a_stretch_is_of_about_so_many_rows(server: Server, sender: Sender) -> None:
    fill(server, sender, 100)
    (stretch,) = server.run(server.app.database.read, oldest, 25)
    (whole,) = server.run(server.app.database.read, oldest, AT_ONCE)
    assert whole.until - stretch.until == 7


def test_what_deleted_events_take_in_the_index_is_reckoned_with(server: Server, sender: Sender) -> None:
    fill(server, sender, 200)
    assert server.run(server.app.database.read, reclaimable, 200) == 0
    trim(server, 600 * KILOBYTE)
    held = len(numbers(server, sender))
    found = server.run(server.app.database.read, reclaimable, held)
    taken = server.run(server.app.database.read, index.pages) * 4_096
    assert found == pytest.approx(taken * 2 * (200 - held) / (held + 2 * (200 - held)), rel=0.01)


def test_a_flood_is_refused_while_room_is_made(server: Server, sender: Sender) -> None:
    fill(server, sender, 100)
    trimming = Trimming(server.app.database, server.clock.monotonic, 1_700 * KILOBYTE)
    server.run(trimming.one_pass, server.clock.now_ms())
    assert trimming.refusing is None
    fill(server, sender, 400, first=101)
    refused: list[str | None] = []
    more = True
    while more:
        more = server.run(trimming.one_pass, server.clock.now_ms())
        refused.append(trimming.refusing)
    assert refused[0] is not None
    assert refused[-1] is None
    assert numbers(server, sender)[-1] == 500


def test_a_store_that_was_larger_before_there_was_a_limit_takes_events_while_it_shrinks(
    server: Server, sender: Sender
) -> None:
    fill(server, sender, 400)
    trimming = Trimming(server.app.database, server.clock.monotonic, 1_500 * KILOBYTE)
    refused: list[str | None] = []
    more = True
    while more:
        more = server.run(trimming.one_pass, server.clock.now_ms())
        refused.append(trimming.refusing)
    assert set(refused) == {None}
    assert 0 < len(numbers(server, sender)) < 400
