import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from logserver.store.agreement import Agreement
from logserver.store.connections import connect_readonly
from logserver.store.database import transaction
from logserver.store.inspection import Finding, pages, references
from logserver.store.words import word
from tests.contracts.logstitch.trails import running
from tests.fakes import FakeClock
from tests.whole.raw import EVENTS


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store that was sent a few events of every kind."""
    folder = tmp_path_factory.mktemp("made") / "data"
    with running(folder, FakeClock()) as server:
        token = server.sender("shop").token
        for number in range(30):
            kind = ("log", "error", "metric", "span", "transaction")[number % 5]
            sent: dict[str, Any] = {
                "event_type": kind,
                "message": f"Überlauf {number}",
                "level": "warning",
                "context": {"user_id": 7},
            }
            sent["uuid"] = f"00000000-0000-4000-8000-{number:012}"
            if kind == "span":
                sent |= {"trace_id": "t", "span_id": str(number), "name": "s", "duration_ms": 1}
            assert server.post(EVENTS, {"event": sent}, token).status_code == 201
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "logserver.db").write_bytes((made / "logserver.db").read_bytes())
    return folder


def found(folder: Path) -> list[Finding]:
    with closing(connect_readonly(folder)) as connection:
        connection.execute("BEGIN")
        return list(Agreement(connection, lambda *_: None).findings())


def test_a_store_that_a_server_made_agrees_and_is_not_changed_by_looking(folder: Path) -> None:
    before = (folder / "logserver.db").read_bytes()
    with closing(connect_readonly(folder)) as connection:
        connection.execute("BEGIN")
        agreement = Agreement(connection, lambda *_: None)
        assert list(agreement.findings()) == []
        assert agreement.rows == 30
        assert pages(connection, lambda *_: None) == []
        assert references(connection) == []
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM events")
    assert (folder / "logserver.db").read_bytes() == before


ONE = "SELECT id FROM events WHERE type = 'error' LIMIT 1"
CHANGES = {
    "a row that was deleted": (f"DELETE FROM events WHERE id = ({ONE})", {"index", "counts", "hours", "identities"}),
    "a row that was changed": (f"UPDATE events SET message = 'other' WHERE id = ({ONE})", {"index"}),
    "a row of another level": (f"UPDATE events SET level = 'fatal' WHERE id = ({ONE})", {"index", "counts"}),
    "a row that is no JSON": (
        f"UPDATE events SET context = '{{' WHERE id = ({ONE})",
        {"rows", "index", "counts", "hours", "identities"},
    ),
    "a ghost in the index": (
        "INSERT INTO event_words (rowid, text, words) VALUES ((SELECT max(id) FROM events), 'ghost', '')",
        {"index"},
    ),
    "a count too many": ("UPDATE counts SET n = n + 1 WHERE dimension = 1", {"counts"}),
    "a count without its dimension": ("DELETE FROM dimensions WHERE type = 'error'", {"counts"}),
    "an hour too few": ("DELETE FROM group_hours", {"hours"}),
    "an identity too few": ("DELETE FROM recent_identities WHERE seq = 3", {"identities"}),
    "an identity of nobody": ("INSERT INTO identities VALUES (1, 2251799813685249)", {"identities"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_does_not_agree_is_named(folder: Path, change: str) -> None:
    statement, wrong = CHANGES[change]
    with transaction(folder) as tx:
        assert tx.execute(statement).rowcount
    told = found(folder)
    assert {each.about for each in told} == wrong
    assert all("shop" in each.message or each.about == "rows" for each in told)


def test_an_identity_that_is_moving_is_counted_once(folder: Path) -> None:
    with transaction(folder) as tx:
        tx.execute("INSERT INTO identities SELECT hash, event FROM recent_identities WHERE seq < 9")
    assert found(folder) == []


def test_a_word_put_in_the_place_of_another_is_found(folder: Path) -> None:
    with transaction(folder) as tx:
        tx.execute("INSERT INTO event_words (event_words) VALUES ('delete-all')")
        tx.execute("INSERT INTO event_words (rowid, text, words) SELECT id, message, ? FROM events", (word("a", "b"),))
    assert {each.about for each in found(folder)} == {"index"}


def test_rows_that_refer_to_nothing_are_counted(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "logserver.db")) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DELETE FROM projects WHERE slug = 'shop'")
        connection.commit()
    with closing(connect_readonly(folder)) as connection:
        told = references(connection)
    assert Finding("references", "1 rows of tokens refer to rows of projects that are not there") in told


def test_a_check_of_pages_can_be_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("logserver.store.inspection._TICK_INSTRUCTIONS", 100)
    with closing(connect_readonly(folder)) as connection, pytest.raises(KeyboardInterrupt):
        pages(connection, give_up)
