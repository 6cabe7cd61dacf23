"""What the alerts engine remembers of a project: who did what when, no longer than its rules look back.

Actions that the same rules match are of one kind, and a group (an actor, or a tenant) keeps one track for each
kind: the moments in order. How often a rule was matched is then a few looks by halving, and an occurrence is kept
twice at most, however many rules there are.
"""

from bisect import bisect_left, insort
from collections import deque
from typing import NamedTuple

from logserver.core.alerting.alerts import MOST_IDS
from logserver.core.alerting.watches import Kind, Watch, Watches

_ARRIVAL_BITS = 32
"""A moment is the millisecond and, below it, a number that keeps those of one millisecond in order."""

_ARRIVALS = (1 << _ARRIVAL_BITS) - 1
NEVER = 1 << 62
"""Later than any moment, and more than any number of occurrences."""

_WASTE = 64
"""How many places at the front of a track may stand empty before it is moved up."""


class Occurrence(NamedTuple):
    """An audit event as rules see it."""

    at: int
    """When it was received, in Unix milliseconds."""
    action: str
    actor_id: str
    tenant_id: str
    ip_address: str | None
    event_id: int
    """The packed id."""
    public_id: str


class Group:
    """An actor or a tenant: its tracks, and which rules rest for it until when."""

    __slots__ = ("addresses", "home", "key", "quiet", "seq", "total", "tracks")

    def __init__(self, key: str, home: dict[str, "Group"]) -> None:
        self.key = key
        self.home = home
        self.tracks: dict[Kind, Track] = {}
        self.total = 0
        """How many occurrences it holds."""
        self.seq = 0
        """How many it was ever given."""
        self.quiet: dict[Watch, tuple[int, int]] = {}
        """Rules that cannot ring before it was given so many occurrences, or this time has come (Unix ms)."""
        self.addresses: dict[str, int] | None = None
        """Each address with the last time it was seen, in that order; kept only where a rule counts them."""

    def count(self, watch: Watch, now: int) -> int:
        """How many occurrences a rule matches in its window up to ``now``."""
        since = (now - watch.window_ms + 1) << _ARRIVAL_BITS
        n = 0
        for track in self._matching(watch):
            moments = track.moments
            n += len(moments) - bisect_left(moments, since, track.start)
        return n

    def _matching(self, watch: Watch) -> list["Track"]:
        """The tracks that count for a rule."""
        tracks, kinds = self.tracks, watch.kinds
        if kinds is not None and len(kinds) <= len(tracks):
            return [tracks[kind] for kind in kinds if kind in tracks]
        bit = watch.bit
        return [track for kind, track in tracks.items() if kind.mask & bit]

    def count_addresses(self, watch: Watch, now: int) -> int:
        """How many addresses it was seen with in a rule's window up to ``now``."""
        self.forget_addresses(now - watch.window_ms)
        return len(self.addresses or ())

    def newest(self, watch: Watch, now: int) -> list[str]:
        """Public ids of the newest occurrences a rule matches in its window, 100 at most, the newest last."""
        since = (now - watch.window_ms + 1) << _ARRIVAL_BITS
        found: list[tuple[int, str]] = []
        for track in self._matching(watch):
            begin = max(bisect_left(track.moments, since, track.start), len(track.moments) - MOST_IDS)
            found += zip(track.moments[begin:], track.ids[begin:], strict=True)
        found.sort()
        return [public_id for _, public_id in found[-MOST_IDS:]]

    def seen_at(self, address: str, at: int) -> None:
        """Note that it was seen with an address."""
        addresses = self.addresses
        if addresses is None:
            addresses = self.addresses = {}
        late = bool(addresses) and addresses[next(reversed(addresses))] > at
        addresses[address] = max(at, addresses.pop(address, at))
        if late:
            self.addresses = dict(sorted(addresses.items(), key=lambda pair: pair[1]))

    def forget_addresses(self, until: int) -> None:
        """Drop the addresses last seen at ``until`` or before."""
        addresses = self.addresses
        while addresses and addresses[first := next(iter(addresses))] <= until:
            del addresses[first]


class Track:
    """The moments of a group's occurrences of one kind, in order, from ``start`` on; beside each its public id."""

    __slots__ = ("awake", "group", "ids", "kind", "moments", "start", "wake_at", "wake_seq")

    def __init__(self, group: Group, kind: Kind) -> None:
        self.group = group
        self.kind = kind
        self.moments: list[int] = []
        self.ids: list[str] = []
        self.start = 0
        self.wake_seq = 0
        """Nothing can ring before the group was given so many occurrences …"""
        self.wake_at = 0
        """… or this time has come, in Unix milliseconds, when the first rest ends."""
        self.awake = kind.watches
        """The rules that do not rest."""

    def drop_oldest(self) -> None:
        """Forget the oldest occurrence, and what was kept only for it."""
        group = self.group
        moment = self.moments[self.start]
        self.start += 1
        group.total -= 1
        if not group.total:
            del group.home[group.key]
        elif self.start == len(self.moments):
            del group.tracks[self.kind]
        else:
            if self.start > _WASTE and self.start * 2 > len(self.moments):
                del self.moments[: self.start], self.ids[: self.start]
                self.start = 0
            if group.addresses:
                group.forget_addresses(moment >> _ARRIVAL_BITS)


class Memory:
    """What is remembered of a project. It is forgotten when it is older than the longest window of the rules."""

    def __init__(self, watches: Watches) -> None:
        self.watches = watches
        self.newest = 0
        """The newest receive time it has seen: windows end there, also for what comes a little late."""
        self._actors: dict[str, Group] = {}
        self._tenants: dict[str, Group] = {}
        self._order: deque[tuple[int, tuple[Track, ...]]] = deque()
        self._arrivals = 0

    def __len__(self) -> int:
        return len(self._order)

    @property
    def oldest(self) -> int:
        """The receive time of what will be dropped first."""
        return self._order[0][0]

    def add(self, occurrence: Occurrence) -> tuple[Track, ...]:
        """Remember an occurrence that any rule matches; the tracks it went to, none where no rule does."""
        at = occurrence.at
        if at > self.newest:
            self.newest = at
            expired = at - self.watches.longest_ms
            while self._order and self._order[0][0] <= expired:
                self.drop_oldest()
        kinds = self.watches.known.get(occurrence.action)
        if kinds is None:
            kinds = self.watches.kinds(occurrence.action)
        if not kinds:
            return ()
        self._arrivals += 1
        moment = at << _ARRIVAL_BITS | self._arrivals & _ARRIVALS
        if len(kinds) == 1:
            tracks: tuple[Track, ...] = (self._put(kinds[0], occurrence, moment),)
        else:
            tracks = (self._put(kinds[0], occurrence, moment), self._put(kinds[1], occurrence, moment))
        self._order.append((at, tracks))
        return tracks

    def drop_oldest(self) -> None:
        """Forget the occurrence that was remembered first."""
        for track in self._order.popleft()[1]:
            track.drop_oldest()

    def _put(self, kind: Kind, occurrence: Occurrence, moment: int) -> Track:
        home, key = (self._tenants, occurrence.tenant_id) if kind.by_tenant else (self._actors, occurrence.actor_id)
        group = home.get(key)
        if group is None:
            group = home[key] = Group(key, home)
        track = group.tracks.get(kind)
        if track is None:
            track = group.tracks[kind] = Track(group, kind)
        moments = track.moments
        if not moments or moments[-1] < moment:
            moments.append(moment)
            track.ids.append(occurrence.public_id)
        else:
            insort(moments, moment, track.start)
            track.ids.insert(bisect_left(moments, moment, track.start), occurrence.public_id)
        group.total += 1
        group.seq += 1
        if kind.addresses and occurrence.ip_address is not None:
            group.seen_at(occurrence.ip_address, occurrence.at)
        return track
