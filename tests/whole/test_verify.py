"""The verification itself: it is silent about a good store, and about none that was tampered with."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from logserver.store.connections import FILE
from tests.whole.load import Load
from tests.whole.process import serving
from tests.whole.shell import create_token
from tests.whole.verify import verify

DAMAGE = {
    "a lost event": "DELETE FROM events WHERE id = (SELECT max(id) FROM events)",
    "an event stored twice": "INSERT INTO events SELECT id + 1000000, words, type, level, message, context, received,"
    " sent, timed_by_receipt, uuid, fingerprint, error_group FROM events ORDER BY id DESC LIMIT 1",
    "a changed message": "UPDATE events SET message = message || '!' WHERE id = (SELECT max(id) FROM events)",
    "a lost word": "INSERT INTO event_words (event_words, rowid, text, words)"
    " SELECT 'delete', max(id), 'part', '' FROM events WHERE message LIKE '%in part%'",
    "a ghost in the index": "INSERT INTO event_words (rowid, text, words) VALUES (1, 'ghost', '')",
    "a miscount": "UPDATE counts SET n = n + 1",
    "a lost sketch": "DELETE FROM sketches WHERE (project, minute, series) IN"
    " (SELECT project, minute, series FROM sketches LIMIT 1)",
    "a miscounted sketch": "UPDATE sketches SET n = n + 1",
    "a miscounted group": "UPDATE error_groups SET n = n - 1",
    "a lost identity": "DELETE FROM recent_identities WHERE seq = (SELECT max(seq) FROM recent_identities)",
    "an identity of nothing": "UPDATE recent_identities SET event = 1"
    " WHERE seq = (SELECT max(seq) FROM recent_identities)",
    "a lost arrival": "DELETE FROM arrivals WHERE seq = (SELECT max(seq) FROM arrivals)",
    "a monitor of nothing": "UPDATE monitors SET event = 1",
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Load]:
    folder = tmp_path_factory.mktemp("loaded")
    load = Load(1, [create_token(folder)])
    with serving(folder) as server:
        load.run(server, connections=8, steps=600, then=server.kill)
    with serving(folder) as server:
        load.settle(server)
        assert server.stop() == 0
    assert verify(folder, load.parcels) > 100
    return folder, load


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_does_not_go_unnoticed(damage: str, loaded: tuple[Path, Load], tmp_path: Path) -> None:
    folder, load = loaded
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        assert connection.execute(DAMAGE[damage]).rowcount != 0
    with pytest.raises(AssertionError):
        verify(tmp_path, load.parcels)
