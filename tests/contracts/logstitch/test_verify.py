"""Whatever is done to a stored trail is found, and the event is named."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logserver.contracts.logstitch import heads, signing
from logserver.contracts.logstitch.events import published
from logserver.contracts.logstitch.links import Head, content_hash, head_message
from logserver.contracts.logstitch.verification import verify
from logserver.core import projects
from logserver.core.projects import Project
from logserver.store import events, keys
from logserver.store.database import snapshot, transaction
from logserver.store.ids import Spelling, ulid_text
from logserver.store.tx import Tx
from tests.contracts.logstitch.asked import event
from tests.contracts.logstitch.trails import (
    DAY,
    broken,
    check,
    claim,
    expire,
    fill,
    keep,
    packed,
    running,
    send,
    tamper,
    whole,
)
from tests.fakes import FakeClock
from tests.serving import Sender, Server

COUNT = 8


class Trail(NamedTuple):
    """A stored trail that nobody writes to: its folder, project, the ids of its events, public and packed."""

    folder: Path
    project: Project
    ids: list[str]
    packed: list[int]

    def tamper(self, *statements: str, **values: Any) -> None:
        """``:e3`` in a statement is the packed id of event 3, counted from 0; its number in the chain is 4."""
        numbered = {f"e{number}": each for number, each in enumerate(self.packed)}
        tamper(self.folder, *statements, **numbered, **values)

    def head(self, seq: int = COUNT) -> Head:
        """The head that the chain had with so many events."""
        with snapshot(self.folder) as tx:
            return Head(*tx.execute("SELECT seq, hash FROM audit_links WHERE seq = ?", (seq,)).fetchone())


def filled(folder: Path) -> Trail:
    with running(folder, FakeClock()) as server:
        sender = server.sender()
        ids = fill(server, sender, COUNT)
        return Trail(folder, sender.project, ids, [packed(server, each) for each in ids])


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    return filled(tmp_path / "data")


def signed_head(trail: Trail, seq: int) -> bytes:
    """The signature that the store's own key gave the head with so many events."""
    signer = signing.existing(trail.folder)
    assert signer is not None
    return signer.sign(head_message(trail.project.uuid, trail.head(seq)))


def test_what_nobody_touched_is_whole(trail: Trail) -> None:
    found = whole(trail.folder, trail.project, trail.head(), trail.head(3), None)
    assert (found.events, found.stubs, found.head) == (COUNT, 0, trail.head())


CHANGES = {
    "context": "UPDATE events SET context = replace(context, '\"number\":3', '\"number\":4') WHERE id = :e3",
    "a space in the context": "UPDATE events SET context = replace(context, 'u1', 'u 1') WHERE id = :e3",
    "no JSON": "UPDATE events SET context = 'x' WHERE id = :e3",
    "no object": "UPDATE events SET context = '[]' WHERE id = :e3",
    "bytes": "UPDATE events SET context = x'00ff' WHERE id = :e3",
    "a number nobody took in": "UPDATE events SET context = replace(context, ':3', ':1e999') WHERE id = :e3",
    "too large a number": "UPDATE events SET context = replace(context, ':3', ':99999999999999999999') WHERE id = :e3",
    "no action": "UPDATE events SET context = json_remove(context, '$.action') WHERE id = :e3",
    "the time": "UPDATE events SET sent = 1790000000000000 WHERE id = :e3",
    "a time beyond all": "UPDATE events SET sent = 9223372036854775807 WHERE id = :e3",
    "the receipt": "UPDATE events SET received = received + 1 WHERE id = :e3",
    "a receipt of text": "UPDATE events SET received = 'x' WHERE id = :e3",
    "the message": "UPDATE events SET message = 'user.created' WHERE id = :e3",
    "the type": "UPDATE events SET type = 'log' WHERE id = :e3",
    "the level": "UPDATE events SET level = 'error' WHERE id = :e3",
    "an id of its own": "UPDATE events SET uuid = randomblob(16) WHERE id = :e3",
    "a group": "UPDATE events SET error_group = randomblob(16) WHERE id = :e3",
    "a fingerprint": "UPDATE events SET fingerprint = 'x' WHERE id = :e3",
    "the hash of the link": "UPDATE audit_links SET hash = randomblob(32) WHERE event = :e3",
    "no hash in the link": "UPDATE audit_links SET hash = 'x' WHERE event = :e3",
    "as if it were claimed": "UPDATE audit_links SET arrived = NULL WHERE event = :e3",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_found_and_the_event_named(trail: Trail, change: str) -> None:
    trail.tamper(change)
    found = check(trail.folder, trail.project)
    assert found.broken is not None
    assert (found.broken.kind, found.broken.seq, found.broken.event) == ("changed", 4, trail.ids[3])
    assert trail.ids[3] in found.broken.message
    assert (found.events, found.head) == (3, trail.head(3))


def test_redacting_by_hand_is_found(trail: Trail) -> None:
    trail.tamper("UPDATE events SET context = json_set(context, '$.actor.name', '[REDACTED]') WHERE id = :e0")
    assert broken(trail.folder, trail.project)[:3] == ("changed", 1, trail.ids[0])


def test_a_row_that_was_deleted_is_named_by_the_id_it_had(trail: Trail) -> None:
    trail.tamper("DELETE FROM events WHERE id = :e5")
    assert broken(trail.folder, trail.project)[:3] == ("deleted", 6, trail.ids[5])


def test_a_row_that_was_deleted_with_its_link_is_named_by_the_next(trail: Trail) -> None:
    trail.tamper(
        "DELETE FROM events WHERE id IN (:e4, :e5)",
        "DELETE FROM audit_links WHERE event IN (:e4, :e5)",
    )
    found = broken(trail.folder, trail.project)
    assert found[:3] == ("missing", 5, trail.ids[6])
    assert found.message == f"2 events are missing after {trail.ids[3]}, before {trail.ids[6]} (number 7)"


def test_a_hole_that_was_closed_is_found(trail: Trail) -> None:
    trail.tamper(
        "DELETE FROM events WHERE id = :e4",
        "DELETE FROM audit_links WHERE event = :e4",
        "UPDATE audit_links SET seq = -seq WHERE seq > 5",
        "UPDATE audit_links SET seq = -seq - 1 WHERE seq < 0",
    )
    assert broken(trail.folder, trail.project)[:3] == ("changed", 5, trail.ids[5])


def test_the_first_event_can_be_missing_too(trail: Trail) -> None:
    trail.tamper("DELETE FROM events WHERE id = :e0", "DELETE FROM audit_links WHERE event = :e0")
    found = broken(trail.folder, trail.project)
    assert found == ("missing", 1, trail.ids[1], f"1 event is missing, before {trail.ids[1]} (number 2)")


def test_exchanged_contents_are_found(trail: Trail) -> None:
    trail.tamper(
        "CREATE TEMP TABLE held AS SELECT context, message FROM events WHERE id = :e2",
        "UPDATE events SET (context, message) = (SELECT context, message FROM events WHERE id = :e6) WHERE id = :e2",
        "UPDATE events SET (context, message) = (SELECT context, message FROM temp.held) WHERE id = :e6",
    )
    assert broken(trail.folder, trail.project)[:3] == ("changed", 3, trail.ids[2])


def test_exchanged_places_are_found(trail: Trail) -> None:
    trail.tamper(
        "UPDATE audit_links SET seq = -1 WHERE event = :e2",
        "UPDATE audit_links SET seq = 3 WHERE event = :e6",
        "UPDATE audit_links SET seq = 7 WHERE event = :e2",
    )
    assert broken(trail.folder, trail.project)[:3] == ("changed", 3, trail.ids[6])


def test_a_place_that_is_no_number_is_a_gap(trail: Trail) -> None:
    trail.tamper("UPDATE audit_links SET seq = 'x' WHERE event = :e2")
    assert broken(trail.folder, trail.project)[:3] == ("missing", 3, trail.ids[3])


def test_an_event_that_was_moved_is_found(trail: Trail) -> None:
    trail.tamper("UPDATE events SET id = :e2 + 4096 WHERE id = :e2")
    assert broken(trail.folder, trail.project)[:3] == ("deleted", 3, trail.ids[2])
    trail.tamper("UPDATE audit_links SET event = :e2 + 4096 WHERE event = :e2")
    assert broken(trail.folder, trail.project)[:2] == ("changed", 3)


def test_a_cut_end_is_found(trail: Trail) -> None:
    trail.tamper("DELETE FROM events WHERE id >= :e5", "DELETE FROM audit_links WHERE event >= :e5")
    found = broken(trail.folder, trail.project)
    assert found == ("missing", 6, trail.ids[4], f"3 events are missing after {trail.ids[4]}")


def test_a_cut_end_with_an_older_head_is_found_by_a_head_that_was_kept(trail: Trail) -> None:
    older, signature, newest = trail.head(5), signed_head(trail, 5), trail.head()
    trail.tamper(
        "DELETE FROM events WHERE id >= :e5",
        "DELETE FROM audit_links WHERE event >= :e5",
        "UPDATE audit_heads SET seq = 5, hash = :hash, signature = :signature",
        hash=older.hash,
        signature=signature,
    )
    whole(trail.folder, trail.project, older)
    found = broken(trail.folder, trail.project, newest)
    assert found == ("missing", 6, trail.ids[4], f"3 events are missing after {trail.ids[4]}")
    kept = heads.read(trail.folder)[trail.project.uuid]
    assert kept.head() == newest  # the server has kept it


def test_everything_deleted_is_found_by_a_head_that_was_kept(trail: Trail) -> None:
    newest = trail.head()
    trail.tamper("DELETE FROM events", "DELETE FROM audit_links", "DELETE FROM audit_heads")
    whole(trail.folder, trail.project)
    assert broken(trail.folder, trail.project, newest) == ("missing", 1, None, "8 events are missing")


def test_a_chain_without_links_is_found(trail: Trail) -> None:
    trail.tamper("DELETE FROM audit_links")
    assert broken(trail.folder, trail.project)[:3] == ("unlinked", None, trail.ids[0])
    trail.tamper("DELETE FROM audit_heads")
    assert broken(trail.folder, trail.project)[:3] == ("unlinked", None, trail.ids[0])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("DELETE FROM audit_heads", "is missing"),
        ("UPDATE audit_heads SET seq = 'x'", "is missing"),
        ("UPDATE audit_heads SET signature = x''", "was not signed"),
        ("UPDATE audit_heads SET signature = 'x'", "was not signed"),
        ("UPDATE audit_heads SET hash = randomblob(32)", "was not signed"),
        ("UPDATE audit_heads SET seq = 9", "was not signed"),
    ],
)
def test_a_head_that_is_not_the_stores_is_found(trail: Trail, change: str, says: str) -> None:
    trail.tamper(change)
    found = broken(trail.folder, trail.project)
    assert found[:3] == ("head", COUNT, trail.ids[-1])
    assert f"the head of the chain {says}" in found.message


def test_the_head_of_another_project_is_none(server: Server) -> None:
    one, other = server.sender(), server.sender()
    fill(server, one, 2)
    fill(server, other, 2)
    sql = "SELECT hash FROM audit_heads WHERE project = 2"
    tamper(server.folder, f"UPDATE audit_heads SET hash = ({sql}) WHERE project = 1")
    assert broken(server.folder, one.project).kind == "head"


def test_links_beyond_the_head_are_found(trail: Trail) -> None:
    older, signature = trail.head(6), signed_head(trail, 6)
    trail.tamper(
        "UPDATE audit_heads SET seq = 6, hash = :hash, signature = :signature", hash=older.hash, signature=signature
    )
    assert broken(trail.folder, trail.project)[:3] == ("head", 7, trail.ids[6])


def forged(trail: Trail, tx: Tx, at: int) -> tuple[int, dict[str, Any]]:
    """An event put in beside another one; its packed id, and what would be published of it."""
    made = events.read(tx, trail.packed[at])
    assert made is not None
    made.id += 1
    made.context["actor"] = {"id": "somebody else", "type": "user"}
    tx.execute(events.INSERT, events.to_row(made)[0])
    return made.id, published(made, "evt_00000000000000000000000000")


def test_an_event_that_was_put_in_is_found(trail: Trail) -> None:
    with transaction(trail.folder) as tx:
        made, _ = forged(trail, tx, 3)
        spelling = Spelling(keys.kept_secret(tx, "spelling") or b"")
    named = f"evt_{ulid_text(spelling.raw(made))}"
    assert broken(trail.folder, trail.project)[:3] == ("unlinked", None, named)


def test_an_event_that_was_put_in_with_a_link_is_found(trail: Trail) -> None:
    with transaction(trail.folder) as tx:
        made, content = forged(trail, tx, 3)
        before = tx.execute("SELECT hash FROM audit_links WHERE seq = ?", (COUNT,)).fetchone()[0]
        link = (made, trail.project.number, COUNT + 1, content_hash(before, content), 0)
        tx.execute("INSERT INTO audit_links (event, project, seq, hash, arrived) VALUES (?, ?, ?, ?, ?)", link)
    found = broken(trail.folder, trail.project)
    assert (found.kind, found.seq) == ("head", COUNT + 1)


def test_one_link_computed_anew_is_found_at_the_next(trail: Trail) -> None:
    rehash(trail, 3, 4)
    found = broken(trail.folder, trail.project)
    assert found[:3] == ("changed", 5, trail.ids[4])
    assert trail.ids[3] in found.message


def test_the_last_link_computed_anew_is_found_by_the_head(trail: Trail) -> None:
    rehash(trail, COUNT - 1, COUNT)
    assert broken(trail.folder, trail.project)[:3] == ("replaced", COUNT, trail.ids[-1])


def test_all_links_computed_anew_are_found_by_the_head(trail: Trail) -> None:
    kept = trail.head(5)
    rehash(trail, 3, COUNT)
    assert broken(trail.folder, trail.project)[:3] == ("replaced", COUNT, trail.ids[-1])
    assert broken(trail.folder, trail.project, kept)[:3] == ("replaced", 5, trail.ids[4])


def rehash(trail: Trail, at: int, to: int) -> None:
    """Change an event, and compute the hashes of its link and those behind it anew, up to a number."""
    trail.tamper(f"UPDATE events SET context = json_set(context, '$.tenant_id', 'evil') WHERE id = :e{at}")
    with transaction(trail.folder) as tx:
        before = tx.execute("SELECT hash FROM audit_links WHERE seq = ?", (at,)).fetchone()[0]
        for seq in range(at + 1, to + 1):
            found = events.read(tx, trail.packed[seq - 1])
            assert found is not None
            before = content_hash(before, published(found, trail.ids[seq - 1]))
            tx.execute("UPDATE audit_links SET hash = ? WHERE seq = ?", (before, seq))


def test_a_stub_that_somebody_made_is_found(trail: Trail) -> None:
    trail.tamper(
        "INSERT INTO audit_stubs SELECT 1, 4, 6, (SELECT hash FROM audit_links WHERE seq = 3), hash, x'00'"
        " FROM audit_links WHERE seq = 6",
        "DELETE FROM events WHERE id IN (:e3, :e4, :e5)",
        "DELETE FROM audit_links WHERE seq IN (4, 5, 6)",
    )
    found = broken(trail.folder, trail.project)
    assert found[:3] == ("stub", 4, trail.ids[2])
    assert found.message == "the stub of numbers 4 to 6 was not signed with the key of this store"


def test_a_claimed_event_is_named_by_the_id_it_was_given(server: Server, sender: Sender) -> None:
    ids = [*fill(server, sender, 1), *claim(server, sender.project, 2)]
    tamper(server.folder, "UPDATE events SET context = replace(context, 'u1', 'u2') WHERE uuid IS NOT NULL")
    assert broken(server.folder, sender.project)[:3] == ("changed", 2, ids[1])
    tamper(server.folder, "DELETE FROM events WHERE uuid IS NOT NULL")
    found = broken(server.folder, sender.project)
    assert found[:3] == ("deleted", 2, None)
    assert ids[0] in found.message


@pytest.fixture
def retired(tmp_path: Path) -> Iterator[tuple[Server, Sender, list[str]]]:
    """A trail of which retention has taken away the first three of six events."""
    with running(tmp_path / "data", FakeClock()) as server:
        sender = server.sender()
        server.administer(projects.set_values, sender.project.slug, audit_retention_days=1)
        ids = fill(server, sender, 3)
        server.clock.turn(2 * DAY)
        ids += fill(server, sender, 3)
        expire(server)
        assert server.rows("SELECT first, last FROM audit_stubs") == [(1, 3)]
        yield server, sender, ids


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_stubs SET first = 2",
        "UPDATE audit_stubs SET last = 2",
        "UPDATE audit_stubs SET before = randomblob(32)",
        "UPDATE audit_stubs SET hash = randomblob(32)",
        "UPDATE audit_stubs SET signature = randomblob(64)",
        "UPDATE audit_stubs SET signature = 'x', before = 1, hash = NULL",
        "UPDATE audit_stubs SET last = 'x'",
        "DELETE FROM audit_stubs",
        "INSERT INTO audit_stubs SELECT 1, 2, 3, before, hash, signature FROM audit_stubs",
        "INSERT INTO audit_stubs SELECT 1, 4, 6, before, hash, signature FROM audit_stubs",
    ],
)
def test_what_is_done_to_a_stub_is_found(retired: tuple[Server, Sender, list[str]], change: str) -> None:
    server, sender, _ = retired
    whole(server.folder, sender.project)
    tamper(server.folder, change.replace("hash = NULL", "hash = 2"))
    assert broken(server.folder, sender.project)


def test_the_stub_of_another_project_is_none(retired: tuple[Server, Sender, list[str]]) -> None:
    server, _, _ = retired
    other = server.sender()
    fill(server, other, 4)
    tamper(
        server.folder,
        "INSERT INTO audit_stubs SELECT 2, first, last, before, hash, signature FROM audit_stubs",
        "DELETE FROM events WHERE id IN (SELECT event FROM audit_links WHERE project = 2 AND seq < 4)",
        "DELETE FROM audit_links WHERE project = 2 AND seq < 4",
    )
    assert broken(server.folder, other.project)[:2] == ("stub", 1)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events SET context = replace(context, 'u1', 'u2') WHERE id = :first",
        "UPDATE audit_links SET hash = randomblob(32) WHERE event = :first",
        "DELETE FROM audit_links WHERE event = :first",
    ],
)
def test_retention_signs_nothing_away(tmp_path: Path, change: str) -> None:
    with running(tmp_path / "data", FakeClock()) as server:
        sender = server.sender()
        server.administer(projects.set_values, sender.project.slug, audit_retention_days=1)
        fill(server, sender, 2)
        second = packed(server, *fill(server, sender, 1))
        fill(server, sender, 3)
        tamper(server.folder, change, first=second)
        server.clock.turn(2 * DAY)
        fill(server, sender, 1)
        expire(server)
        assert server.count("events") == 1
        assert broken(server.folder, sender.project).kind in {"stub", "missing"}


def test_an_event_that_was_made_old_is_not_signed_away(server: Server, sender: Sender) -> None:
    ids = fill(server, sender, 4)
    server.administer(projects.set_values, sender.project.slug, audit_retention_days=5)
    old = packed(server, ids[1])
    moved = old - (20 * DAY * 1_000 << 10)
    tamper(
        server.folder,
        "UPDATE events SET id = :moved WHERE id = :old",
        "UPDATE audit_links SET event = :moved WHERE event = :old",
        old=old,
        moved=moved,
    )
    with transaction(server.folder) as tx:
        # So that what is deleted is deleted from the index and the counts as well, as it is for others.
        tx.execute("UPDATE counts SET minute = minute - 20 * 1440 WHERE n < 2")
        row = tx.execute(f"SELECT {events.COLUMNS} FROM events WHERE id = ?", (moved,)).fetchone()
        tx.execute(events.INSERT_WORDS, events.words_of(row))
    expire(server)
    assert server.count("events") == 3
    assert broken(server.folder, sender.project)[:2] == ("stub", 2)


def test_a_forged_stub_is_not_joined_with_a_true_one(server: Server, sender: Sender) -> None:
    fill(server, sender, 3)
    server.clock.turn(2 * DAY)
    fill(server, sender, 4)
    tamper(
        server.folder,
        "INSERT INTO audit_stubs SELECT 1, 4, 5, (SELECT hash FROM audit_links WHERE seq = 3), hash, x''"
        " FROM audit_links WHERE seq = 5",
        "DELETE FROM events WHERE id IN (SELECT event FROM audit_links WHERE seq IN (4, 5))",
        "DELETE FROM audit_links WHERE seq IN (4, 5)",
    )
    server.administer(projects.set_values, sender.project.slug, audit_retention_days=1)
    expire(server)
    assert server.rows("SELECT first, last FROM audit_stubs") == [(1, 3), (4, 5)]
    server.clock.turn(2 * DAY)
    expire(server)
    assert broken(server.folder, sender.project)[:2] == ("stub", 4)


CUTS = [
    ["UPDATE events SET context = replace(context, 'u1', 'u2') WHERE id = (SELECT event FROM audit_links WHERE seq=3)"],
    ["DELETE FROM events WHERE id = (SELECT event FROM audit_links WHERE seq = 5)"],
    ["DELETE FROM audit_heads"],
    ["UPDATE audit_heads SET signature = x''"],
    ["DELETE FROM audit_links"],
    ["DELETE FROM audit_links", "DELETE FROM audit_heads"],
    ["DELETE FROM audit_links WHERE seq > 4"],
    ["DELETE FROM audit_links WHERE seq > 4", "DELETE FROM audit_heads"],
    ["DELETE FROM events", "DELETE FROM audit_links"],
    ["DELETE FROM events", "DELETE FROM audit_links", "DELETE FROM audit_heads"],
]


@pytest.mark.parametrize("restarts", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize("cut", CUTS, ids=" ".join)
def test_a_server_that_goes_on_makes_nothing_whole(tmp_path: Path, cut: list[str], *, restarts: bool) -> None:
    clock, folder = FakeClock(), tmp_path / "data"
    with running(folder, clock) as server:
        sender = server.sender()
        fill(server, sender, COUNT)
        kept = keep(server)[sender.project.uuid]
        if not restarts:
            tamper(folder, *cut)
            fill(server, sender, COUNT + 2)
    if restarts:
        tamper(folder, *cut)
        with running(folder, clock) as server:
            fill(server, sender, COUNT + 2)
    if cut == ["UPDATE audit_heads SET signature = x''"] and not restarts:
        # It remembers that it has signed this very head, so nothing was lost.
        whole(folder, sender.project, kept.head())
        return
    assert check(folder, sender.project, heads.read(folder)[sender.project.uuid].head()).broken is not None


def test_an_older_head_put_back_is_found_by_the_file_for_good(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock, folder = FakeClock(), tmp_path / "data"
    with running(folder, clock) as server:
        sender = server.sender()
        fill(server, sender, 4)
        older = server.rows("SELECT seq, hash, signature FROM audit_heads")[0]
        fill(server, sender, 4)
        kept = keep(server)[sender.project.uuid]
    seq, hash_, signature = older
    tamper(
        folder,
        "DELETE FROM events WHERE id IN (SELECT event FROM audit_links WHERE seq > 4)",
        "DELETE FROM audit_links WHERE seq > 4",
        "UPDATE audit_heads SET seq = :seq, hash = :hash, signature = :signature",
        seq=seq,
        hash=hash_,
        signature=signature,
    )
    with running(folder, clock) as server:
        for _ in range(3):
            fill(server, sender, 4)
            assert keep(server)[sender.project.uuid] == kept
    whole(folder, sender.project)
    found = broken(folder, sender.project, kept.head())
    assert (found.kind, found.seq) == ("replaced", 8)
    told = [record.message for record in caplog.records if record.levelno == logging.CRITICAL]
    assert len(told) == 1
    assert f"{sender.project.uuid} does not contain the head {kept.head()}" in told[0]


def test_heads_are_kept_for_their_owner_and_advance(server: Server, sender: Sender) -> None:
    other = server.sender()
    assert keep(server) == {}
    fill(server, sender, 2)
    first = keep(server)
    assert {uuid: kept.seq for uuid, kept in first.items()} == {sender.project.uuid: 2}
    path = server.folder / "audit.heads"
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["format"] == "logserver-audit-heads-1"
    written = path.stat().st_ino
    assert keep(server) == first
    assert path.stat().st_ino == written
    fill(server, sender, 1)
    fill(server, other, 1)
    assert {uuid: kept.seq for uuid, kept in keep(server).items()} == {sender.project.uuid: 3, other.project.uuid: 1}


def test_heads_advance_over_what_retention_deleted(retired: tuple[Server, Sender, list[str]]) -> None:
    server, sender, _ = retired
    keep(server)
    server.clock.turn(2 * DAY)
    expire(server)
    fill(server, sender, 1)
    assert server.rows("SELECT first, last FROM audit_stubs") == [(1, 6)]
    assert keep(server)[sender.project.uuid].seq == 7
    whole(server.folder, sender.project, *(kept.head() for kept in heads.read(server.folder).values()))


def test_a_head_inside_of_a_stub_is_no_break(retired: tuple[Server, Sender, list[str]]) -> None:
    server, sender, _ = retired
    whole(server.folder, sender.project, Head(2, bytes(32)))


def test_a_file_that_cannot_be_read_is_left_as_it_is(
    server: Server, sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    fill(server, sender, 1)
    path = server.folder / "audit.heads"
    for text in ("{}", "x", '{"format": "x", "heads": {"a": {"seq": 1, "hash": "no hex", "signature": ""}}}'):
        path.write_text(text)
        with pytest.raises(heads.Unreadable):
            keep(server)
        assert path.read_text() == text
    assert len([record for record in caplog.records if record.levelno == logging.CRITICAL]) == 1


def test_a_server_that_stops_keeps_the_last_head(tmp_path: Path) -> None:
    with running(tmp_path / "data", FakeClock()) as server:
        sender = server.sender()
        fill(server, sender, 5)
    assert heads.read(tmp_path / "data")[sender.project.uuid].seq == 5


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Trail:
    """A trail whose tampering is always taken back."""
    return filled(tmp_path_factory.mktemp("shared") / "data")


tampering = st.one_of(
    st.tuples(st.sampled_from(["context", "message"]), st.integers(0, COUNT - 1), st.text('ab"{}:,', min_size=1)),
    st.tuples(st.sampled_from(["received", "sent"]), st.integers(0, COUNT - 1), st.integers(-(2**40), 2**40)),
    st.tuples(st.sampled_from(["hash"]), st.integers(0, COUNT - 1), st.binary(max_size=40)),
    st.tuples(st.sampled_from(["seq", "event"]), st.integers(0, COUNT - 1), st.integers(-5, 30)),
    st.tuples(st.sampled_from(["delete row", "delete link"]), st.integers(0, COUNT - 1), st.none()),
)


@settings(max_examples=300, deadline=None)
@given(tampering)
def test_no_single_change_verifies(shared: Trail, change: tuple[str, int, Any]) -> None:
    what, at, value = change
    table, key = ("audit_links", "event") if what in {"hash", "seq", "event", "delete link"} else ("events", "id")
    sql = f"DELETE FROM {table}" if what.startswith("delete") else f"UPDATE OR IGNORE {table} SET {what} = ?"
    values = () if what.startswith("delete") else (value,)
    signer = signing.existing(shared.folder)
    assert signer is not None
    with transaction(shared.folder) as tx:
        old = tx.execute(f"SELECT * FROM {table} WHERE {key} = ?", (shared.packed[at],)).fetchone()
        tx.execute(f"{sql} WHERE {key} = ?", (*values, shared.packed[at]))
        new = tx.execute(f"SELECT * FROM {table} WHERE {key} = ?", (shared.packed[at],)).fetchone()
        spelling = Spelling(keys.kept_secret(tx, "spelling") or b"")
        found = verify(tx, shared.project, spelling, signer.public).broken
        tx.execute("ROLLBACK")
        tx.execute("BEGIN")
    assert (found is None) == (old == new)


def test_a_snapshot_beside_a_server_that_writes_never_seems_broken(server: Server, sender: Sender) -> None:
    for _ in range(20):
        kept = keep(server).get(sender.project.uuid)
        send(server, sender, event(), event())
        whole(server.folder, sender.project, kept.head() if kept is not None else None)
