"""The power goes at any moment: what was answered is there, whatever the disk did with what was not synced yet."""

import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from logserver.contracts.logstitch import signing
from logserver.contracts.logstitch.links import Head, as_hash, head_message
from logserver.contracts.logstitch.signing import verified
from logserver.store.connections import FILE, connect, connect_readonly
from logserver.store.ids import Spelling, ulid_text, uuid_text
from logserver.store.migrations import version
from logserver.store.upgrade import upgrade
from tests.store.released.book import BESIDE, RELEASES, unpack
from tests.whole import power
from tests.whole.load import Load, Parcel
from tests.whole.power import Call, Disk, Recording
from tests.whole.process import PROGRAM, environment, serving, source
from tests.whole.raw import ask, audit_event, request
from tests.whole.shell import create_token
from tests.whole.verify import verify

CUTS = int(os.environ.get("LOGSERVER_POWER_CUTS", "200"))
SEED = int(os.environ.get("LOGSERVER_CRASH_SEED", "0")) or random.SystemRandom().getrandbits(32)
REQUESTS = 210
WHOLLY_VERIFIED = 20
"""Every so many cuts everything is verified, not only that it is there."""

_IDS = re.compile(rb'"((?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|evt_[0-9A-Z]{26})"')


@pytest.fixture
def recording() -> Recording:
    if (reason := power.missing()) is not None:
        pytest.skip(reason)
    return Recording()


def test_what_was_answered_survives_the_power_cord(tmp_path: Path, recording: Recording) -> None:
    print(f"LOGSERVER_CRASH_SEED={SEED}")
    chance = random.Random(SEED)  # noqa: S311 - moments that can be had again by their seed
    folder = tmp_path / "data"
    load = Load(SEED, [create_token(folder)])
    trail = create_token(folder, "trail")
    disk = Disk(folder)
    with recording.of(PROGRAM) as program, serving(folder, "--access-log", "off", program=program) as server:
        for number in range(3):
            load.send(server, REQUESTS // 3)
            assert ask(server, request("/api/v1/events", trail, audit_event("acme", number))).status == 201
        assert server.stop() == 0
    assert not load.strange
    calls = recording.calls
    told = [place for place, call in enumerate(calls) if call.name == "answer" and ids_of(call)]
    assert len(told) >= REQUESTS // 2
    moments = sorted(chance.choices(range(told[0], len(calls) + 1), k=CUTS))
    answered: set[str] = set()
    place = 0
    for number, moment in enumerate(moments):
        for call in calls[place:moment]:
            answered |= ids_of(call)
            disk.take(call)
        place = moment
        left = tmp_path / "left"
        left.mkdir()
        disk.cut(chance, left)
        assert_there(left, answered)
        if number % WHOLLY_VERIFIED == 0:
            verify(left, [as_of(parcel, answered) for parcel in load.parcels], beside="trail")
        shutil.rmtree(left)
    print(f"{len(calls)} calls, {len(told)} answers, {CUTS} cuts")


def test_a_migration_survives_the_power_cord(tmp_path: Path, recording: Recording) -> None:
    print(f"LOGSERVER_CRASH_SEED={SEED}")
    chance = random.Random(SEED)  # noqa: S311 - moments that can be had again by their seed
    folder, copy = tmp_path / "data", tmp_path / "copies" / "before.db"
    book = unpack(RELEASES[0], folder)
    copy.parent.mkdir()
    disk, copies = Disk(folder), Disk(copy.parent)
    migrates = "import sys; from pathlib import Path; from logserver.store.upgrade import upgrade"
    migrates += "; upgrade(Path(sys.argv[1]), copy=Path(sys.argv[2]))"
    with recording.of((sys.executable, "-c", migrates, str(folder), str(copy))) as program:
        subprocess.run(program, cwd=source(), env=environment(), check=True)
    first = next(place for place, call in enumerate(recording.calls) if str(folder / FILE) in call.paths)
    moments = sorted(chance.choices(range(first, len(recording.calls) + 1), k=CUTS // 10))
    place, before = 0, set[bool]()
    for moment in moments:
        for call in recording.calls[place:moment]:
            disk.take(call)
            copies.take(call)
        place = moment
        left, saved = tmp_path / "left", tmp_path / "saved"
        left.mkdir()
        saved.mkdir()
        disk.cut(chance, left)
        copies.cut(chance, saved)
        with closing(connect_readonly(left)) as connection:
            schema = version(connection)
        before.add(schema == RELEASES[0])
        if schema > RELEASES[0]:
            with closing(sqlite3.connect(saved / copy.name)) as connection:
                assert version(connection) == RELEASES[0]
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        upgrade(left)
        verify(left, book.parcels, beside=BESIDE, unknown=frozenset({"span_kind"}))
        shutil.rmtree(left)
        shutil.rmtree(saved)
    print(f"{len(recording.calls)} calls, {len(moments)} cuts; before the first step: {before}")


def ids_of(call: Call) -> set[str]:
    """The ids of events in an answer that says that they are stored."""
    if call.name != "answer" or not call.data.startswith(b"HTTP/1.1 2"):
        return set()
    return {found.decode() for found in _IDS.findall(call.data)}


def as_of(parcel: Parcel, answered: set[str]) -> Parcel:
    """A parcel as its sender knew it when no more than this was answered."""
    return Parcel(
        [replace(sent, answers=[each for each in sent.answers if each[1] in answered]) for sent in parcel.events],
        parcel.data,
        parcel.repeatable,
    )


def assert_there(folder: Path, answered: set[str]) -> None:
    """The store opens as at a start, is whole, has everything that was answered, and its trail can be verified."""
    with closing(connect(folder)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        (secret,) = connection.execute("SELECT value FROM secrets WHERE name = 'spelling'").fetchone()
        spelling = Spelling(secret)
        rows = connection.execute("SELECT id, uuid, type FROM events").fetchall()
        there = set()
        for packed, uuid, kind in rows:
            raw = uuid or spelling.raw(packed)
            there.add(f"evt_{ulid_text(raw)}" if kind == "audit" else uuid_text(raw))
        assert answered <= there, "answered and lost"
        heads = connection.execute(
            "SELECT p.uuid, h.seq, h.hash, h.signature FROM audit_heads h JOIN projects p ON p.number = h.project"
        ).fetchall()
    if heads:
        signer = signing.existing(folder)
        assert signer is not None, "the key of a signed trail is lost"
        for uuid, seq, hash_, signature in heads:
            assert verified(signer.public, head_message(uuid, Head(seq, as_hash(hash_))), as_hash(signature))


def left_of(calls: list[Call], folder: Path, names: tuple[str, ...]) -> set[tuple[bytes | None, ...]]:
    """What may be left of files after a power cut that follows these calls; None of one that is not there."""
    found = set()
    for seed in range(60):
        disk, target = Disk(folder), folder.with_name(f"left-{seed}")
        for call in calls:
            disk.take(call)
        target.mkdir()
        disk.cut(random.Random(seed), target)  # noqa: S311 - the same each time
        paths = [target / name for name in names]
        found.add(tuple(path.read_bytes() if path.exists() else None for path in paths))
        shutil.rmtree(target)
    return found


def test_what_is_not_synced_may_be_lost_torn_or_there(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a").write_bytes(b"old" * 400)
    path = str(folder / "a")
    write, sync = Call("write", (path,), b"new" * 400, 0), Call("sync", (path,))
    left = {content for (content,) in left_of([write], folder, ("a",)) if content is not None}
    assert {b"old" * 400, b"new" * 400} < left
    assert b"new" * 400 not in {content[:512] * 3 for content in left}
    assert any(b"old" in content and b"new" in content for content in left)
    assert left_of([write, sync], folder, ("a",)) == {(b"new" * 400,)}


def test_a_name_is_there_for_sure_once_its_folder_is_synced(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    fresh, path = str(folder / "b.new"), str(folder / "b")
    calls = [
        Call("open", (fresh,), flags=b"O_CREAT"),
        Call("write", (fresh,), b"key", -1),
        Call("sync", (fresh,)),
        Call("rename", (fresh, path)),
    ]
    assert left_of(calls, folder, ("b.new", "b")) >= {(None, None), (b"key", None), (None, b"key")}
    assert left_of([*calls, Call("sync", (str(folder),))], folder, ("b.new", "b")) == {(None, b"key")}
