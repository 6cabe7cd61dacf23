"""Which files are followed: finds new ones, looks after known ones, lets go of those that are over."""

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from logserver.agent import rotated
from logserver.agent.blocks import Block
from logserver.agent.descriptors import Descriptors, Key
from logserver.agent.gone import Gone
from logserver.agent.patterns import Patterns
from logserver.agent.places import Place, Places
from logserver.agent.probing import regular
from logserver.agent.tracks import GRACE_S, LINGER_S, Track
from logserver.core.clock import Clock

SEARCH_S = 2.0
"""How often patterns are searched again, at most; in every pass where that costs little."""

_COST_SHARE, _MANY, _FEW_ENTRIES = 100, 200, 500


class Roster:
    """All tracks, and the places of files that are followed no more."""

    def __init__(self, patterns: Sequence[str], *, from_start: bool, places: Places | None, clock: Clock) -> None:
        self.tracks: dict[Key, Track] = {}
        self.descriptors = Descriptors()
        self._clock = clock
        self._patterns = Patterns(patterns)
        self._gone = Gone(places.gone if places else ())
        self._latest: dict[str, Track] = {}
        now = clock.monotonic()
        self._search_due = now + SEARCH_S
        known = set(places.patterns) if places else set()
        if places:
            self._restore(places, now)
        self._see(now)
        self._search(now, [] if from_start else [each for each in self._patterns.patterns if each not in known])

    def places(self) -> Places:
        """How far everything has been read: copies; of those of one path the older first."""
        tracks = sorted(self.tracks.values(), key=lambda each: each.left_at is None)
        files = [track.reader.snapshot() for track in tracks if not track.deleted]
        deleted = [track.reader.place.successor() for track in tracks if track.deleted]
        return Places(files, self._gone.places() + deleted, list(self._patterns.patterns))

    def look(self, now: float) -> list[Block]:
        """See what has changed; returns last lines without an end of files that are over."""
        blocks = self._see(now)
        if now >= self._search_due or self._patterns.entries <= _FEW_ENTRIES:
            self._search(now, [])
        return blocks

    def truncated(self, track: Track) -> None:
        """A file begins again. What was cut off before it was read may stand in a copy: read that first."""
        lost, track.reader.lost = track.reader.lost, None
        if lost is not None and lost.offset:
            track.after = self._missed(track.path, lost, lost.changed_ns, None, self._clock.monotonic())

    def _restore(self, places: Places, now: float) -> None:
        latest = {place.path: place for place in places.files}
        for place in places.files:
            path = os.fsdecode(place.path)
            status = regular(path)
            if status is not None and status.st_ino == place.inode and rotated.continues(path, place):
                place.device = status.st_dev  # after a start the same file system may have another number
            elif status is not None and status.st_ino == place.inode and latest[place.path] is not place:
                self._gone.keep(place, deleted=True)  # it had left this path: here is another file with its inode
                continue
            track = Track(place, path, now)
            track.after = self._latest.get(path)
            self._follow(track)
        for track in list(self._latest.values()):
            self._copied_unread(track, now)

    def _copied_unread(self, track: Track, now: float) -> None:
        """Of a file that had been empty: follow what was written to it, copied and cut off while nobody looked.

        A copy is older than the cutting off; what went on being written to a file that had been renamed is not.
        """
        place, status = track.reader.place, regular(track.path)
        if status is None or place.offset or (status.st_dev, status.st_ino) != track.key:
            return
        if 0 < place.changed_ns < status.st_mtime_ns:
            track.after = self._missed(track.path, place, place.changed_ns, track.after, now)

    def _see(self, now: float) -> list[Block]:
        blocks: list[Block] = []
        many = len(self.tracks) > _MANY
        for track in list(self.tracks.values()):
            if track.due <= now and not track.over:
                try:
                    self._look_at(track, now, many=many)
                    blocks += self._wound_up(track, now)
                except OSError as error:
                    track.tell(error)
                    self.descriptors.close(track.key)
        return blocks

    def _search(self, now: float, new_patterns: Iterable[str]) -> None:
        matched: set[Key] = set()
        at_end = set(new_patterns)
        for path, pattern in self._patterns.find():
            track = self._latest.get(path)
            if track is not None and track.left_at is None:
                matched.add(track.key)  # has just been looked at
                continue
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
        self._search_due = now + max(SEARCH_S, (self._clock.monotonic() - now) * _COST_SHARE)

    def _look_at(self, track: Track, now: float, *, many: bool) -> None:
        status, other = track.find()
        if status is None:
            status = self._strayed(track, now)
        if status is not None:
            track.note(status, now, many=many)
            if track.reader.lost is not None:
                self.truncated(track)
        if track.left_at is not None and self._latest.get(track.path) is track:
            other = other or regular(track.path)
            if other is not None:
                self._appear(track.path, other, now)
        if status is None and not track.over:
            last = None
            if other is None and self._latest.get(track.path) is track:
                last = self._missed(track.path, track.reader.snapshot(), track.since_ns, None, now)
            self._let_go(track, deleted=Path(track.path).parent.exists())
            if last is not None:
                self._latest[track.path] = last

    def _strayed(self, track: Track, now: float) -> os.stat_result | None:
        """Look for a file that is not where it was; None where it is nowhere. Raises OSError where nobody knows."""
        track.leave(now)
        track.where = None
        descriptor = self.descriptors.held(track.key)
        if descriptor is not None:
            self.descriptors.pin(track.key)
            return os.fstat(descriptor)
        try:
            track.where = rotated.named(track.path, track.reader.snapshot())
        except FileNotFoundError:
            return None
        if track.where is None:
            return None
        track.open(self.descriptors)  # before it goes from there as well
        self.descriptors.pin(track.key)
        return regular(track.where)

    def _wound_up(self, track: Track, now: float) -> list[Block]:
        """End a file that has left its path, once it is quiet: what is left of it without an end."""
        reader, blocks = track.reader, []
        quiet = 0.0 if track.left_at is None or track.over else track.quiet_for(now)
        if quiet < GRACE_S or reader.pending or (descriptor := track.open(self.descriptors)) is None:
            return []
        if not reader.settled and (block := reader.finish(descriptor)) is not None:
            blocks.append(block)
        if track.deleted:
            self._let_go(track, deleted=True)
        elif quiet >= LINGER_S and not track.matched:
            self._let_go(track, deleted=False)
        return blocks

    def _appear(self, path: str, status: os.stat_result, now: float, *, at_end: bool = False) -> None:
        """Follow a file that is new at a path, after what was there before it."""
        key = (status.st_dev, status.st_ino)
        if not stat.S_ISREG(status.st_mode) or self._followed(path, key):
            return
        before = self._latest.get(path)
        if before is not None:
            before.leave(now)
            before = self._missed(path, before.reader.snapshot(), before.since_ns, before, now, but=key)
        place = self._gone.back(path, path, key)
        if at_end and not place.generation:
            place.offset = status.st_size
        track = Track(place, path, now, unaligned=at_end)
        track.after = before
        self._follow(track)
        track.note(status, now, many=False)

    def _missed(
        self, path: str, place: Place, since_ns: int, before: Track | None, now: float, *, but: Key | None = None
    ) -> Track | None:
        """Follow, one after the other, what was at a path and rotated away unseen; returns the last of it.

        A file that is a copy of another one, of which a place tells how far it was read, is read from there.
        """
        for sibling in rotated.siblings(path):
            if sibling.key == but or self._followed(sibling.path, sibling.key):
                continue
            copied = place.offset > 0 and place.tail != "" and rotated.continues(sibling.path, place)
            if not copied and sibling.status.st_mtime_ns <= since_ns:
                continue
            began = self._gone.back(path, sibling.path, sibling.key)
            if began.offset:
                self._gone.keep(began, deleted=False)
                continue
            if copied:
                began.go_on_from(place)
            track = Track(began, sibling.path, now)
            track.leave(now)
            track.matched = False
            track.after = before
            self._follow(track, latest=False)
            track.note(sibling.status, now, many=False)
            before = track
        return before

    def _followed(self, path: str, key: Key) -> bool:
        track = self.tracks.get(key)
        if track is None or self.descriptors.held(key) is not None:  # an open file keeps its inode
            return track is not None
        if not rotated.is_still(path, track.path, track.reader.snapshot()):
            self._let_go(track, deleted=True)
        return not track.over

    def _follow(self, track: Track, *, latest: bool = True) -> None:
        self.tracks[track.key] = track
        if latest:
            self._latest[track.path] = track
        try:
            if not self.descriptors.full and (descriptor := track.open(self.descriptors)) is not None:
                track.reader.prepare(descriptor)
        except OSError as error:
            track.tell(error)

    def _let_go(self, track: Track, *, deleted: bool) -> None:
        if track.over:
            return
        self.descriptors.close(track.key)
        del self.tracks[track.key]
        track.over = True
        if self._latest.get(track.path) is track:
            del self._latest[track.path]
            if track.after is not None and not track.after.over:
                self._latest[track.path] = track.after
        self._gone.keep(track.reader.snapshot(), deleted=deleted)
