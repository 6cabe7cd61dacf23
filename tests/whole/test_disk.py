"""A disk that takes no more, made by a bound on file sizes: what was answered is there, once, and it goes on after."""

import resource
from pathlib import Path
from uuid import uuid4

import pytest

from logserver.store.connections import FILE
from tests.whole.load import Load
from tests.whole.process import Server, serving
from tests.whole.raw import EVENTS, Wire, log_event, request
from tests.whole.shell import create_token, found
from tests.whole.verify import verify

pytestmark = pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs prlimit, which is Linux's own")

MEGABYTE = 1_000_000


def bound_files(server: Server, size: int) -> None:
    """Let no write of the server reach beyond ``size`` bytes of a file."""
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_what_cannot_be_committed_is_refused_and_taken_later(tmp_path: Path) -> None:
    token = create_token(tmp_path)
    refused = request(EVENTS, token, log_event("x" * 10_000, uuid=str(uuid4())))
    stored = 0
    with serving(tmp_path) as server, Wire(server) as wire:
        bound_files(server, MEGABYTE)
        while (answer := wire.ask(refused)).status == 201:
            stored += 1
            assert stored < 200
            refused = request(EVENTS, token, log_event("x" * 10_000, uuid=str(uuid4())))
        assert len(found(tmp_path)) == stored
        assert answer.status == 503
        assert int(answer.headers["retry-after"]) > 0
        bound_files(server, resource.RLIM_INFINITY)
        assert wire.ask(refused).status == 201
        assert len(found(tmp_path)) == stored + 1


def test_a_log_that_cannot_be_copied_back_stores_nothing_twice(tmp_path: Path) -> None:
    load = Load(5, [create_token(tmp_path)])
    with serving(tmp_path, "--access-log", "off") as server:
        load.fill(server, batches=30)
        assert server.stop() == 0
    assert (tmp_path / FILE).stat().st_size > 20 * MEGABYTE
    with serving(tmp_path, "--access-log", "off") as server:
        # The write-ahead log has room; the pages at the end of the database cannot be written.
        bound_files(server, 16 * MEGABYTE)
        load.run(server, connections=32, steps=8_000, then=server.kill)
        assert "disk I/O error" in server.log()
    verify(tmp_path, load.parcels)
    with serving(tmp_path, "--access-log", "off") as server:
        load.settle(server)
        assert server.stop() == 0
    verify(tmp_path, load.parcels)
    assert {status for status, _ in load.strange} <= {503}
