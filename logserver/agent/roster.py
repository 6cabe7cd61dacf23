"""Which files are followed: finds new ones, looks after known ones, lets go of those that are over."""

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from logserver.agent import rotated
from logserver.agent.blocks import Block
from logserver.agent.descriptors import Descriptors, Key
from logserver.agent.patterns import Patterns
from logserver.agent.places import MAX_GONE, Place, Places
from logserver.agent.probing import regular, status_of
from logserver.agent.tracks import GRACE_S, LINGER_S, Track
from logserver.core.clock import Clock

SEARCH_S = 2.0
"""How often patterns are searched again; at once where one of their directories has changed."""

_COST_SHARE = 100
_MANY = 200
_MAX_WATCHED = 16


class Roster:
    """All tracks, and the places of files that are followed no more."""

    def __init__(self, patterns: Sequence[str], *, from_start: bool, places: Places | None, clock: Clock) -> None:
        self.tracks: dict[Key, Track] = {}
        self.descriptors = Descriptors()
        self._clock = clock
        self._patterns = Patterns(patterns)
        self._gone: dict[Key, Place] = {}
        self._latest: dict[str, Track] = {}
        self._watched: list[tuple[str, int]] = []
        now = clock.monotonic()
        self._search_due = self._search_again = now + SEARCH_S
        known = set(places.patterns) if places else set()
        if places:
            self._restore(places, now)
        self.look(now)
        self._search(now, [] if from_start else [each for each in self._patterns.patterns if each not in known])

    def places(self) -> Places:
        """How far everything has been read: copies."""
        return Places(
            [track.reader.snapshot() for track in self.tracks.values()],
            list(self._gone.values()),
            list(self._patterns.patterns),
        )

    def look(self, now: float) -> list[Block]:
        """See what has changed; returns last lines without an end of files that are over."""
        blocks: list[Block] = []
        many = len(self.tracks) > _MANY
        for track in list(self.tracks.values()):
            if track.due <= now:
                self._look_at(track, now, many=many)
                if track.left_at is not None and (block := self._wind_up(track, now)) is not None:
                    blocks.append(block)
        if now >= self._search_again and (now >= self._search_due or self._directories_changed()):
            self._search(now, [])
        return blocks

    def truncated(self, track: Track) -> None:
        """A file begins again. What was cut off before it was read may stand in a copy: read that first."""
        lost, track.reader.lost = track.reader.lost, None
        if lost is not None and lost.offset:
            track.wait_for(self._missed(track.path, lost, lost.changed_ns, None, self._clock.monotonic()))

    def _restore(self, places: Places, now: float) -> None:
        self._gone = {place.key: place for place in places.gone}
        for place in places.files:
            path = os.fsdecode(place.path)
            status = regular(path)
            moved = status is not None and status.st_ino == place.inode and status.st_dev != place.device
            if moved and status is not None and rotated.continues(path, place):
                place.device = status.st_dev  # the same file system under another number, as after a start
            track = Track(place, path, now)
            track.wait_for(self._latest.get(path))
            self._follow(track)

    def _search(self, now: float, new_patterns: Iterable[str]) -> None:
        matched: set[Key] = set()
        at_end = set(new_patterns)
        for path, pattern in self._patterns.find():
            status = regular(path)
            if status is None:
                continue
            key = (status.st_dev, status.st_ino)
            matched.add(key)
            track = self.tracks.get(key)
            if track is None:
                self._appear(path, status, now, at_end=pattern in at_end)
            elif track.left_at is not None and not track.matched:
                track.where = path
        for key, track in self.tracks.items():
            track.matched = key in matched
        self._watched = [(path, _changed_ns(path)) for path in self._patterns.directories[:_MAX_WATCHED]]
        cost = self._clock.monotonic() - now
        self._search_due = now + max(SEARCH_S, cost * _COST_SHARE)
        self._search_again = now + cost * _COST_SHARE / 4

    def _directories_changed(self) -> bool:
        return any(_changed_ns(path) != changed_ns for path, changed_ns in self._watched)

    def _look_at(self, track: Track, now: float, *, many: bool) -> None:
        status = None
        if track.where is not None:
            try:
                status = status_of(track.where)
            except (FileNotFoundError, NotADirectoryError):
                pass
            except OSError as error:
                track.tell(error)
                return
        other = None
        if status is not None and (status.st_dev, status.st_ino) != track.key:
            other, status = status, None
        if status is None:
            try:
                status = self._strayed(track, now)
            except OSError as error:
                track.tell(error)
                return
        if status is not None:
            track.note(status, now, many=many)
            if track.reader.lost is not None:
                self.truncated(track)
        if track.left_at is not None and self._latest.get(track.path) is track:
            other = other or regular(track.path)
            if other is not None:
                self._appear(track.path, other, now)
        if status is None:
            self._let_go(track, deleted=Path(track.path).parent.exists())

    def _strayed(self, track: Track, now: float) -> os.stat_result | None:
        """Look for a file that is not where it was; None where it is nowhere. Raises OSError where nobody knows."""
        track.leave(now)
        track.where = None
        descriptor = self.descriptors.held(track.key)
        if descriptor is not None:
            self.descriptors.pin(track.key)
            try:
                return os.fstat(descriptor)
            except OSError:
                self.descriptors.close(track.key)
                raise
        try:
            track.where = rotated.named(track.path, track.key)
        except FileNotFoundError:
            return None
        if track.where is None:
            return None
        track.open(self.descriptors)  # before it goes from there as well
        self.descriptors.pin(track.key)
        return regular(track.where)

    def _wind_up(self, track: Track, now: float) -> Block | None:
        """End a file that has left its path, once it is quiet."""
        reader, block = track.reader, None
        quiet = track.quiet_for(now)
        if quiet < GRACE_S or reader.pending or track.key not in self.tracks:
            return None
        descriptor = track.open(self.descriptors)
        if descriptor is None:
            return None
        if not reader.settled:
            block = reader.finish(descriptor)
        if os.fstat(descriptor).st_nlink == 0:
            self._let_go(track, deleted=True)
        elif quiet >= LINGER_S and not track.matched:
            self._let_go(track, deleted=False)
        return block

    def _appear(self, path: str, status: os.stat_result, now: float, *, at_end: bool = False) -> None:
        """Follow a file that is new at a path, after what was there before it."""
        key = (status.st_dev, status.st_ino)
        if key in self.tracks or not stat.S_ISREG(status.st_mode):
            return
        before = self._latest.get(path)
        if before is not None:
            before.leave(now)
            before = self._missed(path, before.reader.snapshot(), before.since_ns, before, now, but=key)
        place = self._gone.pop(key, Place(os.fsencode(path), *key))
        place.path = os.fsencode(path)
        if place.offset and not rotated.continues(path, place):
            place = place.successor()
        if at_end and not place.generation:
            place.offset = status.st_size
        track = Track(place, path, now, unaligned=at_end)
        track.wait_for(before)
        self._follow(track)
        track.note(status, now, many=False)

    def _missed(
        self, path: str, place: Place, since_ns: int, before: Track | None, now: float, *, but: Key | None = None
    ) -> Track | None:
        """Follow, one after the other, what was at a path and rotated away unseen; returns the last of it.

        A file that is a copy of another one, of which a place tells how far it was read, is read from there.
        """
        for sibling in rotated.siblings(path):
            if sibling.key == but or sibling.key in self.tracks or sibling.key in self._gone:
                continue
            copied = place.offset > 0 and place.tail != "" and rotated.continues(sibling.path, place)
            if not copied and sibling.status.st_mtime_ns <= since_ns:
                continue
            began = Place(os.fsencode(path), *sibling.key)
            if copied:
                began.offset, began.head, began.tail = place.offset, place.head, place.tail
                began.skipping, began.pieces = place.skipping, place.pieces
            track = Track(began, sibling.path, now)
            track.leave(now)
            track.matched = False
            track.wait_for(before)
            self._follow(track, latest=False)
            track.note(sibling.status, now, many=False)
            before = track
        return before

    def _follow(self, track: Track, *, latest: bool = True) -> None:
        self.tracks[track.key] = track
        if latest:
            self._latest[track.path] = track
        if not self.descriptors.full and (descriptor := track.open(self.descriptors)) is not None:
            track.reader.prepare(descriptor)

    def _let_go(self, track: Track, *, deleted: bool) -> None:
        self.descriptors.close(track.key)
        del self.tracks[track.key]
        track.over = True
        if self._latest.get(track.path) is track:
            del self._latest[track.path]
        place = track.reader.snapshot()
        if deleted:
            # The inode may come back as another file with the same beginning.
            place = place.successor()
        self._gone.pop(place.key, None)
        self._gone[place.key] = place
        while len(self._gone) > MAX_GONE:
            del self._gone[next(iter(self._gone))]


def _changed_ns(path: str) -> int:
    try:
        return status_of(path).st_mtime_ns
    except OSError:
        return 0
