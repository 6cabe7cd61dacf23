import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logserver.agent.spool import MOST_HOURS, Spool
from tests.fakes import FakeClock


def made(folder: Path, clock: FakeClock, *, most_bytes: int = 1_000, next_number: int | None = None) -> Spool:
    spool = Spool(folder / "lines", "lines", most_bytes=most_bytes, clock=clock)
    spool.open(next_number, 0)
    return spool


def emptied(spool: Spool) -> list[bytes]:
    """All that waits, taken in its order."""
    taken = []
    while (found := spool.first()) is not None:
        batch, data = found
        taken.append(data)
        spool.done(batch)
    return taken


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "lines").iterdir())


def test_a_batch_waits_from_its_commit_until_it_is_done(tmp_path: Path, clock: FakeClock) -> None:
    spool = made(tmp_path, clock)
    spool.put(b"one", 1)
    spool.sync()
    assert spool.first() is None
    assert spool.committed()
    assert not spool.committed()
    assert (len(spool), spool.bytes) == (1, 3)
    assert emptied(spool) == [b"one"]
    assert (len(spool), spool.bytes, files(tmp_path)) == (0, 0, [])


def test_a_later_run_finds_what_was_committed_and_removes_the_rest(tmp_path: Path, clock: FakeClock) -> None:
    spool = made(tmp_path, clock)
    spool.put(b"one", 1)
    spool.put(b"two", 1)
    known = spool.next_number
    spool.put(b"of a run that died before it could say so", 1)
    (tmp_path / "lines" / "000000000009-1-1.batch.new").write_bytes(b"half")
    (tmp_path / "lines" / "notes.txt").write_bytes(b"somebody's own")
    spool = made(tmp_path, clock, next_number=known)
    assert emptied(spool) == [b"one", b"two"]
    assert files(tmp_path) == ["notes.txt"]
    assert spool.next_number == known


def test_without_a_checkpoint_all_batches_count(tmp_path: Path, clock: FakeClock) -> None:
    made(tmp_path, clock).put(b"one", 1)
    spool = made(tmp_path, clock)
    assert spool.next_number == 2
    assert emptied(spool) == [b"one"]


def test_numbers_go_on_though_everything_was_sent(tmp_path: Path, clock: FakeClock) -> None:
    assert made(tmp_path, clock, next_number=7).next_number == 7


def test_the_oldest_are_dropped_first_and_counted(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    spool = made(tmp_path, clock, most_bytes=10)
    for data in (b"aaaa", b"bbbb", b"cccc"):
        spool.put(data, 5)
    with caplog.at_level(logging.ERROR, "logserver.agent"):
        spool.committed()
    assert (spool.dropped, len(files(tmp_path))) == (5, 2)
    assert "5 lines that waited to be sent were dropped" in caplog.text
    assert emptied(spool) == [b"bbbb", b"cccc"]


def test_what_is_too_old_is_dropped(tmp_path: Path, clock: FakeClock) -> None:
    spool = made(tmp_path, clock)
    spool.put(b"old", 2)
    spool.committed()
    clock.turn(MOST_HOURS * 3_600)
    spool.put(b"new", 1)
    spool.committed()
    assert spool.dropped == 0
    clock.turn(1)
    spool.trim()
    assert spool.dropped == 2
    assert emptied(spool) == [b"new"]


def test_what_is_being_sent_is_not_dropped_until_it_failed(tmp_path: Path, clock: FakeClock) -> None:
    spool = made(tmp_path, clock, most_bytes=4)
    spool.put(b"aaaa", 1)
    spool.committed()
    assert spool.first() is not None
    spool.put(b"bbbb", 1)
    spool.committed()
    assert spool.dropped == 0
    spool.later()
    spool.trim()
    assert spool.dropped == 1
    assert emptied(spool) == [b"bbbb"]


def test_a_file_that_is_gone_is_counted_as_dropped(tmp_path: Path, clock: FakeClock) -> None:
    spool = made(tmp_path, clock)
    spool.put(b"one", 3)
    spool.put(b"two", 1)
    spool.committed()
    (tmp_path / "lines" / files(tmp_path)[0]).unlink()
    assert emptied(spool) == [b"two"]
    assert spool.dropped == 3


@given(sizes=st.lists(st.integers(1, 9), max_size=30), commits=st.sets(st.integers(0, 29)))
def test_what_waits_is_the_newest_that_has_room(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], commits: set[int]
) -> None:
    spool = made(tmp_path_factory.mktemp("spool"), FakeClock(), most_bytes=20)
    for number, size in enumerate(sizes):
        spool.put(bytes([number]) * size, 1)
        if number in commits:
            spool.committed()
            assert spool.bytes <= 20
    spool.committed()
    waiting = emptied(spool)
    assert waiting == [bytes([number]) * size for number, size in enumerate(sizes)][len(sizes) - len(waiting) :]
    assert spool.dropped == len(sizes) - len(waiting)
    assert spool.bytes == 0
