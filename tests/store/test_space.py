"""The room a store takes, and giving it back."""

from pathlib import Path

from logserver.store import space
from logserver.store.connections import FILE, connect
from logserver.store.migrations import migrate


def test_what_is_unused_is_given_back_page_by_page(tmp_path: Path) -> None:
    connection = connect(tmp_path)
    migrate(connection)
    connection.execute("CREATE TABLE bulk (x)")
    connection.executemany("INSERT INTO bulk VALUES (?)", [("x" * 5_000,) for _ in range(400)])
    connection.execute("DROP TABLE bulk")
    before = space.read(connection)
    assert before.unused > 400 * before.page
    assert before.used == before.size - before.unused
    assert space.give_back(connection, 64) == 64
    assert space.read(connection) == (before.size - 64 * before.page, before.unused - 64 * before.page, before.page)
    while space.give_back(connection, 64):
        pass
    after = space.read(connection)
    assert after.unused == 0
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    assert (tmp_path / FILE).stat().st_size == after.size
