"""Judges audit events by the alert rules, in the transaction that stores them.

The engine remembers what lies within the windows of the rules, per project, together with the head of the
project's audit chain it has come to. Where the chain stands somewhere else when events come (the server has just
started, a request or a transaction was rolled back, a stream was claimed) what it remembers is read again from the
store. So windows are right without anybody telling it what became of a transaction.

A window ends at the newest receive time the project has seen. What comes up to a minute later than that is counted
where it belongs; beyond that the clock was set back, and occurrences from after it count as not there.
"""

from collections.abc import Callable, Iterable

from logserver.core.alerting import alert_rules, alerts
from logserver.core.alerting.alert_rules import Rule
from logserver.core.alerting.alerts import Alert
from logserver.core.alerting.sliding import NEVER, Group, Memory, Occurrence, Track
from logserver.core.alerting.watches import Watch, Watches
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx

MOST_OCCURRENCES = 100_000
MOST_PROJECTS = 1_000
LATE_MS = 60_000
"""How much later than the newest an occurrence may come; the shortest window is as long."""

_AWAKE = (0, NEVER)

Recent = Callable[[Tx, int, int], Iterable[Occurrence]]


class _Standing:
    """A project as the engine knows it: how far its chain was judged, by which rules, and what is remembered."""

    __slots__ = ("generation", "head", "memory")

    def __init__(self, memory: Memory, generation: int) -> None:
        self.memory = memory
        self.generation = generation
        self.head: bytes | None = None


class Engine:
    """The judge of a server; it belongs to the writer's thread.

    Its memory is bounded: at most 100,000 occurrences of all projects together, the oldest dropped first, none
    older than the longest window of its project's enabled rules (an hour at most), and 1,000 projects. That is 90 MB
    where actors come back, 260 MB where each occurrence is of another one. What no enabled rule matches takes none.
    """

    def __init__(self, most: int = MOST_OCCURRENCES) -> None:
        self._most = most
        self._standings: dict[int, _Standing] = {}
        self.remembered = 0
        """How many occurrences it remembers."""

    def judge(
        self,
        tx: WriteTx,
        project: int,
        occurrences: list[Occurrence],
        *,
        before: bytes | None,
        after: bytes,
        recent: Recent,
    ) -> list[Alert]:
        """Ring for events of a project that were just chained; the alerts, in the order they rang.

        ``before`` and ``after`` are the hashes at the head of the project's chain without and with these events.
        ``recent(tx, project, since_ms)`` gives the occurrences received since then in any order, claimed ones
        left out, among them what this very transaction has chained so far. It is read to its end, but no more
        than is remembered is held of it, so it is best a generator.
        """
        if not occurrences:
            return []
        standing = self._standing(tx, project, occurrences, before, recent)
        memory = standing.memory
        fired: list[Alert] = []
        if memory.watches.rules:
            held = len(memory)
            try:
                for occurrence in occurrences:
                    for track in memory.add(occurrence):
                        if track.group.seq >= track.wake_seq or memory.newest >= track.wake_at:
                            fired += _look(tx, project, track, memory.newest)
            finally:
                self.remembered += len(memory) - held
            if self.remembered > self._most:
                self._shed()
        # Not before this line: where judging failed, nobody knows what is remembered.
        standing.head = after
        return fired

    def _standing(
        self, tx: WriteTx, project: int, occurrences: list[Occurrence], before: bytes | None, recent: Recent
    ) -> _Standing:
        """What is known of a project, made new unless it is of the present rules and of the chain as it was before."""
        (generation,) = tx.execute("SELECT n FROM generation").fetchone()
        standing = self._standings.get(project)
        # Where the head is another one, the rules too may have been read in a transaction that came to nothing.
        if standing is not None and standing.head is not None and standing.head == before:
            memory = standing.memory
            if standing.generation != generation and memory.watches.rules == _enabled(tx, project):
                standing.generation = generation
            if standing.generation == generation and memory.newest - occurrences[0].at <= LATE_MS:
                standing.head = None
                # The last in the order is the last that was used.
                self._standings[project] = self._standings.pop(project)
                return standing
        self._forget(project)
        memory = Memory(Watches(_enabled(tx, project)))
        if memory.watches.rules and before is not None:
            self._recall(tx, project, memory, occurrences, recent)
        if len(self._standings) >= MOST_PROJECTS:
            self._forget(next(iter(self._standings)))
        self.remembered += len(memory)
        standing = self._standings[project] = _Standing(memory, generation)
        return standing

    def _recall(self, tx: WriteTx, project: int, memory: Memory, occurrences: list[Occurrence], recent: Recent) -> None:
        """Fill the memory with what came before the occurrences that are being judged."""
        judged = {occurrence.event_id for occurrence in occurrences}
        now = occurrences[0].at
        watches = memory.watches
        held: list[Occurrence] = []
        for occurrence in recent(tx, project, now - watches.longest_ms):
            if (
                occurrence.event_id not in judged
                and occurrence.at <= now + LATE_MS
                and watches.kinds(occurrence.action)
            ):
                held.append(occurrence)
                if len(held) >= 2 * self._most:
                    held.sort(key=_by_arrival)
                    del held[: -self._most]
        held.sort(key=_by_arrival)
        for occurrence in held[-self._most :]:
            memory.add(occurrence)

    def _forget(self, project: int) -> None:
        standing = self._standings.pop(project, None)
        if standing is not None:
            self.remembered -= len(standing.memory)

    def _shed(self) -> None:
        """Drop the oldest of what is remembered, some more than must be."""
        while self.remembered > self._most - self._most // 100:
            memory = min(
                (standing.memory for standing in self._standings.values() if len(standing.memory)),
                key=lambda memory: memory.oldest,
            )
            # By the dozen, because looking for the oldest costs more than dropping it.
            for _ in range(min(len(memory), 1 + self._most // 1_000)):
                memory.drop_oldest()
                self.remembered -= 1


def _enabled(tx: Tx, project: int) -> list[Rule]:
    return [rule for rule in alert_rules.every(tx, project) if rule.enabled and rule.type in {"builtin", "custom"}]


def _by_arrival(occurrence: Occurrence) -> tuple[int, int]:
    return occurrence.at, occurrence.event_id


def _look(tx: WriteTx, project: int, track: Track, now: int) -> list[Alert]:
    """Ring for the newest occurrence of a track where a rule has reached its threshold and does not rest.

    Leaves at the track how many occurrences later, or when, the next rule can ring at the earliest: a count grows
    by one with each occurrence at most.
    """
    group = track.group
    seq, total, quiet = group.seq, group.total, group.quiet
    fired: list[Alert] = []
    if now >= track.wake_at:
        track.awake, track.wake_at = track.kind.watches, NEVER
    wake_seq = NEVER
    resting = False
    for watch in track.awake:
        if watch.threshold > total:
            wake_seq = min(wake_seq, seq + watch.threshold - total)
            break
        until_seq, until = quiet.get(watch, _AWAKE)
        if seq >= until_seq or now >= until:
            alert, quiet[watch] = _weigh(tx, project, group, watch, now)
            until_seq, until = quiet[watch]
            if alert is not None:
                fired.append(alert)
        if until_seq < wake_seq:  # noqa: PLR1730 - min() would double what this loop costs
            wake_seq = until_seq
        if until < NEVER:
            resting = True
    track.wake_seq = wake_seq
    if resting:
        rests = {watch: until for watch in track.awake if (until := quiet.get(watch, _AWAKE)[1]) < NEVER}
        track.awake = [watch for watch in track.awake if watch not in rests]
        track.wake_at = min(track.wake_at, *rests.values())
    return fired


def _weigh(tx: WriteTx, project: int, group: Group, watch: Watch, now: int) -> tuple[Alert | None, tuple[int, int]]:
    """Ring if a rule has reached its threshold for a group and does not rest; and how long it need not be weighed."""
    n = group.count_addresses(watch, now) if watch.addresses else group.count(watch, now)
    if n < watch.threshold:
        return None, (group.seq + watch.threshold - n, NEVER)
    rule = watch.rule
    until = alerts.rests_until(tx, project, rule, group.key, now)
    if until is not None:
        return None, (NEVER, until)
    n = group.count(watch, now)
    ids = group.newest(watch, now)
    alert = alerts.ring(tx, project, rule, group.key, event_count=n, event_ids=ids, now_ms=now)
    return alert, (NEVER, now + watch.cooldown_ms) if watch.cooldown_ms else _AWAKE
