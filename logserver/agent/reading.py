"""The thread that reads: lines are counted, gathered for shipping and shown to whoever watches, and committed."""

import logging
import threading
from collections.abc import Callable

from logserver.agent.following import Block, Follower
from logserver.agent.ledger import Ledger
from logserver.agent.watching import Watching
from logserver.core.clock import Clock
from logserver.core.lines.lines import LogLine, parse
from logserver.core.metrics.extraction import RuleSet

logger = logging.getLogger("logserver.agent")

READ_BYTES = 256 * 1024
"""About how much is read at a time."""

PAUSED_BYTES = 8_000_000
"""Reading pauses while so much waits on disk for a server that is there: it takes lines slower than they come."""

FIRST_RULES_SECONDS = 10.0
"""How long an agent that never knew any rules waits for them before it reads without."""

_SHORTEST, _LONGEST, _WATCHED = 0.02, 1.0, 0.1
_RETRY_SECONDS = 5.0


class Reading:
    """Reads until it is told to stop, or until there is nothing that could still be read.

    While its state cannot be written it does not read; ``trouble`` says why, and it tries again.
    """

    def __init__(
        self,
        follower: Follower,
        ledger: Ledger,
        watching: Watching,
        clock: Clock,
        *,
        files: bool,
        ship: bool,
        metrics_seconds: float,
        away: Callable[[], bool],
        on_batches: Callable[[], None],
    ) -> None:
        """``files``: whether any are followed, so that reading goes on when standard input has ended.

        ``away``: whether the server is; ``on_batches`` is called when there is something new to send.
        """
        self._follower = follower
        self._ledger = ledger
        self._watching = watching
        self._clock = clock
        self._files = files
        self._ship = ship
        self._metrics_seconds = metrics_seconds
        self._away = away
        self._on_batches = on_batches
        self._rules: RuleSet | None = None
        self._new_rules: RuleSet | None = None
        self._without_rules = False
        self._wake = threading.Event()
        self._stopping = False
        self._pause = _SHORTEST
        self._begun = clock.monotonic()
        self._cut_at = self._begun
        self.trouble = ""

    @property
    def counting(self) -> bool:
        """Whether any rules were ever known, so that what was read was counted by them."""
        return self._rules is not None

    def use(self, rules: RuleSet) -> None:
        """Count by these rules from now on; from any thread."""
        self._new_rules = rules
        self._wake.set()

    def stop(self) -> None:
        """Commit what was read, and end; from any thread."""
        self._stopping = True
        self._wake.set()

    def look(self) -> None:
        """Do not wait longer for the next look at the files; from any thread."""
        self._wake.set()

    def run(self) -> None:
        """Read. What was counted is points to send, and committed, when it returns."""
        self.begin()
        while not self._stopping and (self._files or not self._follower.stdin_over):
            moved = self.turn()
            self._pause = _SHORTEST if moved else min(self._pause * 2, self._longest())
            if not moved:
                self._wake.wait(self._pause)
                self._wake.clear()
        self._ledger.cut()
        self._commit()
        self._follower.close()

    def begin(self) -> None:
        """Commit where reading begins, also of what is followed anew: after a crash it begins there again."""
        self._commit()

    def turn(self) -> bool:
        """One look at everything; whether anything was read."""
        self._take_rules()
        blocks = [] if self._held_up() else self._follower.read(READ_BYTES)
        for block in blocks:
            self._take(block)
        if self._clock.monotonic() - self._cut_at >= self._metrics_seconds:
            self._cut_at = self._clock.monotonic()
            self._ledger.cut()
        if self._ledger.due():
            self._commit()
        return bool(blocks)

    def _take_rules(self) -> None:
        rules, self._new_rules = self._new_rules, None
        if rules is not None:
            # What was counted by the old rules goes by itself: they may be gone, and buckets be others now.
            self._ledger.cut()
            self._rules = rules

    def _held_up(self) -> bool:
        if self.trouble:
            return True
        if self._rules is None and not self._without_rules:
            if self._clock.monotonic() - self._begun < FIRST_RULES_SECONDS:
                return True
            self._without_rules = True
            logger.warning("no metric rules were ever known here: until they come, lines are read and not counted")
        return self._ship and self._ledger.lines.bytes > PAUSED_BYTES and not self._away()

    def _take(self, block: Block) -> None:
        extractor = None if self._rules is None else self._rules.of(block.source)
        if extractor is not None:
            extractor.count(block.lines, self._ledger.tally)
        if self._ship or self._watching.watched:
            self._show(block)
        self._ledger.read(len(block.lines))

    def _show(self, block: Block) -> None:
        now_us = self._clock.now_ms() * 1_000
        for at, raw in enumerate(block.lines):
            line = _parsed(block, at, raw)
            if self._ship:
                self._ledger.ship(self._ledger.gathering.add(line, block.file, block.offsets[at], now_us))
            self._watching.offer(line)

    def _commit(self) -> None:
        try:
            new = self._ledger.commit(self._follower.places())
        except OSError as error:
            if not self.trouble:
                logger.error("the state cannot be written, so nothing is read: %s", error)  # noqa: TRY400 - its trace says nothing more
            self.trouble = f"the state cannot be written: {error.strerror}"
            self._wake.wait(_RETRY_SECONDS)
            return
        if self.trouble:
            logger.warning("the state can be written again")
            self.trouble = ""
        if new:
            self._on_batches()

    def _longest(self) -> float:
        return _WATCHED if self._watching.watched else _LONGEST


def _parsed(block: Block, at: int, raw: bytes) -> LogLine:
    if block.wraps is None:
        return parse(block.source, raw)
    wrap = block.wraps[at]
    return parse(block.source, raw, time=wrap.time_us, fields={"stream": wrap.stream} if wrap.stream else None)
