"""Whatever happens to files and to the agent, in whatever order: no line is lost, and none comes twice."""

import shutil
import tempfile
from pathlib import Path

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from logserver.agent.following import Follower, Places
from logserver.agent.tracks import LINGER_S
from tests.agent.writer import Writer, Written
from tests.fakes import FakeClock

NAMES = st.sampled_from(["a.log", "a.log", "a.log", "b.log"])
COUNTS = st.sampled_from([1, 2, 1, 0])


class Following(RuleBasedStateMachine):
    """The history is what a server would have counted: what was read after the last kept places is taken back."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = FakeClock()
        self.writer = Writer(self.folder)
        self.history: list[str] = []
        self.identities: dict[tuple[str, int], str] = {}
        self.named: dict[str, tuple[str, int]] = {}
        self.seen: set[int] = set()
        self.rotated_at: dict[str, float] = {}
        self.follower = self.started(None)
        self.kept = b""
        self.kept_history: list[str] = []
        self.kept_seen: set[int] = set()
        self.save()

    def started(self, places: Places | None) -> Follower:
        return Follower([str(self.folder / "*.log")], places=places, clock=self.clock)

    @rule(name=NAMES, count=COUNTS, crlf=st.booleans(), partial=st.booleans())
    def write(self, name: str, count: int, *, crlf: bool, partial: bool) -> None:
        self.writer.write(name, count, crlf=crlf, partial=partial)

    @rule(limit=st.sampled_from([1, 200]))
    def read(self, limit: int) -> None:
        for block in self.follower.read(limit):
            assert len(block.lines) == len(block.offsets)
            assert block.source in {str(self.folder / "a.log"), str(self.folder / "b.log")}
            for raw, offset in zip(block.lines, block.offsets, strict=True):
                self.take(raw.decode(), (block.file, offset))
        read = set(self.history)
        self.seen |= {id(one) for one in self.writer.all if not read.isdisjoint(one.lines)}

    @rule()
    def read_all(self) -> None:
        for _ in range(3 + len(self.writer.all)):
            self.read(1_000_000)

    def take(self, line: str, identity: tuple[str, int]) -> None:
        """A line is known by its file and offset: another one never has them, and read again it has the same."""
        assert self.identities.setdefault(identity, line) == line
        twice = any((one.copied or one.reused) and line in one.lines for one in self.writer.all)
        assert self.named.setdefault(line, identity) == identity or twice
        self.history.append(line)

    @rule(seconds=st.sampled_from([0.5, 5, 100]))
    def wait(self, seconds: float) -> None:
        self.clock.turn(seconds)
        self.read(1)

    @rule(name=NAMES, count=COUNTS, late=st.booleans(), partial=st.booleans())
    def rotate(self, name: str, count: int, *, late: bool, partial: bool) -> None:
        if name in self.writer.current:
            self.forget(self.writer.current[name])
            self.writer.rotate(name)
            self.rotated_at[name] = self.clock.monotonic()
        else:
            late = False  # by now nobody writes to an older one
        if late:
            self.writer.write_late(name)
        if count:
            self.writer.write(name, count, partial=partial)

    @rule(name=NAMES)
    def write_late(self, name: str) -> None:
        if self.clock.monotonic() - self.rotated_at.get(name, 0) < LINGER_S:
            self.writer.write_late(name)

    @rule(name=NAMES, count=COUNTS, partial=st.booleans())
    def copy_truncate(self, name: str, count: int, *, partial: bool) -> None:
        self.forget(self.writer.copy_truncate(name))
        if count:
            self.writer.write(name, count, partial=partial)

    @rule(name=NAMES, count=COUNTS)
    def delete(self, name: str, count: int) -> None:
        self.forget(self.writer.delete(name))
        if count:
            self.writer.write(name, count)

    @rule(name=NAMES)
    def delete_rotated(self, name: str) -> None:
        self.forget(self.writer.delete_rotated(name))

    @rule()
    def save(self) -> None:
        self.kept = msgspec.json.encode(self.follower.places())
        self.kept_history = list(self.history)
        self.kept_seen = set(self.seen)

    @rule()
    def restart(self) -> None:
        self.save()
        self.begin_again()

    @rule()
    def kill(self) -> None:
        self.history = list(self.kept_history)
        self.seen = set(self.kept_seen)
        self.begin_again()

    def begin_again(self) -> None:
        for one in self.writer.all:
            current = self.writer.current.get(one.path.name)
            if one.name is None or (one is not current and id(one) not in self.seen):
                one.unknown = True
        self.follower.close()
        self.follower = self.started(msgspec.json.decode(self.kept, type=Places))

    def forget(self, one: Written | None) -> None:
        """A file that nobody had begun to read is gone from its path: nobody needs to know what it held."""
        if one is not None and id(one) not in self.seen:
            one.unknown = True

    @invariant()
    def each_line_once_and_in_order(self) -> None:
        assert len(set(self.history)) == len(self.history)
        for one in self.writer.all:
            places = {line: index for index, line in enumerate(one.lines)}
            order = [places[line] for line in self.history if line in places]
            assert order == sorted(order), one
        for name in ("a.log", "b.log"):
            late = {line for one in self.writer.all for line in (one.lines if one.unknown or one.reused else one.late)}
            read = [line for line in self.history if line.startswith(name) and line not in late]
            assert read == sorted(read), "the old file before the new one"

    def teardown(self) -> None:
        try:
            for _ in range(3):
                self.read_all()
                self.clock.turn(5)
            self.each_line_once_and_in_order()
            read = set(self.history)
            written = {line for one in self.writer.all for line in one.lines}
            missing = [
                (one, line) for one in self.writer.all for line in one.lines if line not in read and not one.unknown
            ]
            assert not missing
            assert read <= written
        finally:
            self.follower.close()
            shutil.rmtree(self.folder)


TestFollowing = Following.TestCase
TestFollowing.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
