"""A reader of the store that never ends: the log of writes grows by what is written, and shrinks once it is gone."""

from pathlib import Path
from time import monotonic

from logserver.store.connections import FILE
from logserver.store.database import snapshot
from tests.whole.load import Load
from tests.whole.process import PATIENCE, serving
from tests.whole.shell import create_token
from tests.whole.verify import verify


def test_a_reader_that_never_ends_holds_up_nobody(tmp_path: Path) -> None:
    load = Load(9, [create_token(tmp_path)])
    log = tmp_path / f"{FILE}-wal"
    with serving(tmp_path, "--access-log", "off") as server:
        load.send(server, 50)
        with snapshot(tmp_path) as tx:
            before = tx.execute("SELECT count(*) FROM events").fetchone()
            load.fill(server, batches=6)
            load.send(server, 150)
            assert not load.strange
            assert tx.execute("SELECT count(*) FROM events").fetchone() == before
            grown = log.stat().st_size
            assert grown > 5_000_000
        load.send(server, 1)
        deadline = monotonic() + PATIENCE
        while log.stat().st_size:
            assert monotonic() < deadline, "the log was never given back"
        assert server.stop() == 0
        assert "ERROR" not in server.log()
    print(f"the log had grown to {grown:,} bytes")
    verify(tmp_path, load.parcels)
