"""What the agent has read and not yet sent, and the one file that says how far it is.

**The guarantee.** Where a file was read up to, what was counted of it, and which batches were made of it are
written together, in one file that is replaced in one step, before anything of it is sent. So after a crash, SIGKILL
or a power cut the agent goes on from that file: the lines after it are read again, and none of them had been sent.
A batch that was sent and not yet forgotten is sent again under the same id and counts once. Nothing is counted twice
and nothing is lost, but for

* lines of a file that was rotated, read and deleted within the last seconds before the crash,
* lines of standard input that were read in those seconds, since nobody can read them again,
* what waits longer than 72 hours or is more than the spool may hold: the oldest is dropped, counted and told,
* lines that are read before the agent has ever known any metric rules, which are shipped and not counted,
* values of series beyond the 5,000th within one interval, which are counted and told as well.

"Seconds" are at most COMMIT_SECONDS while the server takes what it is sent, and LONGEST_SECONDS while it does not.
"""

import logging
from uuid import UUID, uuid4

import msgspec

from logserver.agent.folder import Folder
from logserver.agent.following import Places
from logserver.agent.parcels import Gathering, Parcel, packed
from logserver.agent.spool import Spool
from logserver.core.clock import Clock
from logserver.core.metrics.tallies import State, Tally

logger = logging.getLogger("logserver.agent")

COMMIT_SECONDS = 1.0
"""After how long what was read is committed."""

LONGEST_SECONDS = 10.0
"""The same for lines that are shipped while earlier batches still wait, so that these do not become countless."""

POINTS_MEGABYTES = 256
"""What the points that wait may take on disk."""

FILE = "checkpoint.json"
_MOST_POINTS = 1_000
_MANY_BATCHES = 8


class Counts(msgspec.Struct):
    """What happened since the state was made."""

    lines: int = 0
    """Lines that were read."""
    values_dropped: int = 0
    """Values of series beyond what an interval may have."""
    points_dropped: int = 0
    lines_dropped: int = 0


class Checkpoint(msgspec.Struct):
    """How far the agent is."""

    seed: UUID
    """Of this state; the ids of shipped lines are made with it."""
    next_points: int
    next_lines: int
    """Every batch with a lower number counts; see Spool."""
    places: Places | None = None
    tally: State | None = None
    counts: Counts = msgspec.field(default_factory=Counts)


class Ledger:
    """Belongs to the thread that reads; the spools may be emptied by another one."""

    def __init__(self, folder: Folder, clock: Clock, *, lines_megabytes: int) -> None:
        """``lines_megabytes`` is what shipped lines that wait may take on disk."""
        self._folder = folder
        self._clock = clock
        self.points = Spool(folder.path / "points", "points", most_bytes=POINTS_MEGABYTES * 1_000_000, clock=clock)
        self.lines = Spool(folder.path / "lines", "lines", most_bytes=lines_megabytes * 1_000_000, clock=clock)
        kept = folder.load(FILE, Checkpoint)
        self.places = None if kept is None else kept.places
        self.counts = Counts() if kept is None else kept.counts
        self._seed = uuid4() if kept is None else kept.seed
        self.tally = Tally() if kept is None or kept.tally is None else Tally.of(kept.tally)
        self.gathering = Gathering(self._seed)
        self._unwritten: list[tuple[Spool, Parcel]] = []
        self._changed = kept is None
        self._batches = 0
        self._committed_at = clock.monotonic()
        self.points.open(None if kept is None else kept.next_points, self.counts.points_dropped)
        self.lines.open(None if kept is None else kept.next_lines, self.counts.lines_dropped)

    def read(self, lines: int) -> None:
        """So many lines were read and counted in the tally."""
        self.counts.lines += lines
        self._changed = True

    def ship(self, parcel: Parcel | None) -> None:
        """Lines to send."""
        if parcel is not None:
            self._unwritten.append((self.lines, parcel))
            self._batches += 1

    def cut(self) -> None:
        """Turn what was counted so far into points to send, and begin a new tally."""
        points = self.tally.points(self._clock.now_ms())
        if self.tally.dropped:
            logger.error("%d values were dropped: there are too many series", self.tally.dropped)
            self.counts.values_dropped += self.tally.dropped
        for start in range(0, len(points), _MOST_POINTS):
            chosen = points[start : start + _MOST_POINTS]
            body = {"batch_id": str(uuid4()), "points": chosen}
            self._unwritten.append((self.points, Parcel(packed(body), len(chosen))))
        if points or self.tally.dropped:
            self._changed = True
            self._batches = _MANY_BATCHES
            self.tally = Tally()

    def due(self) -> bool:
        """Whether it is time to commit."""
        if not self._changed:
            return False
        backed_up = len(self.gathering) > 0 and len(self.lines) > 1
        patience = LONGEST_SECONDS if backed_up else COMMIT_SECONDS
        return self._batches >= _MANY_BATCHES or self._clock.monotonic() - self._committed_at >= patience

    def commit(self, places: Places) -> bool:
        """Write all that was read up to some places, and let it be sent; whether there is something new to send.

        Raises OSError where that cannot be written: then nothing is committed, nothing is forgotten, and it can be
        tried again.
        """
        self.ship(self.gathering.close())
        while self._unwritten:
            spool, parcel = self._unwritten[0]
            spool.put(parcel.data, parcel.items)
            del self._unwritten[0]
        self.points.sync()
        self.lines.sync()
        self.counts.points_dropped, self.counts.lines_dropped = self.points.dropped, self.lines.dropped
        checkpoint = Checkpoint(
            self._seed,
            self.points.next_number,
            self.lines.next_number,
            places,
            self.tally.state() if len(self.tally) or self.tally.dropped else None,
            self.counts,
        )
        self._folder.save(FILE, checkpoint)
        self._changed = False
        self._batches = 0
        self._committed_at = self._clock.monotonic()
        new = self.points.committed()
        return self.lines.committed() or new
