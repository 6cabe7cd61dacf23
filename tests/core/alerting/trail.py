"""An audit trail without its events: what the engine is told, and what the store would say of it afterwards."""

import sqlite3
from collections.abc import Iterable
from hashlib import sha256

from logserver.core.alerting import alert_rules
from logserver.core.alerting.alert_engine import Engine
from logserver.core.alerting.alert_rules import Rule
from logserver.core.alerting.alerts import Alert
from logserver.core.alerting.sliding import Occurrence
from logserver.store.batch import Batch
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx
from tests.fakes import START_MS

SECOND = 1_000


class Trail:
    """The audit events of a project, the chain they make, and an engine that judges them."""

    def __init__(self, tx: Tx, project: int, engine: Engine | None = None) -> None:
        assert isinstance(tx, sqlite3.Connection)
        self.connection = tx
        self.tx = WriteTx(tx, Batch())
        self.project = project
        self.engine = engine or Engine()
        self.chained: list[Occurrence] = []
        self.unjudged: set[int] = set()
        """Ids of events that came with a claimed stream."""
        self.loads = 0
        self._made = 0

    def event(self, at: float = 0, action: str = "auth.failed", **values: str | None) -> Occurrence:
        """An event so many seconds after the start."""
        self._made += 1
        ms = START_MS + round(at * SECOND)
        said = {"actor_id": "alice", "tenant_id": "acme", "ip_address": None, **values}
        return Occurrence(ms, action, event_id=self._made, public_id=f"evt_{self._made}", **said)  # type: ignore[arg-type] # a test's spelling of fields

    def happen(self, *occurrences: Occurrence) -> list[Alert]:
        """Chain events and judge them in one request that is kept."""
        fired = self.judge(*occurrences)
        self.tx.settle(keep=True)
        return fired

    def fail(self, *occurrences: Occurrence) -> list[Alert]:
        """Chain events and judge them in a request that fails afterwards."""
        held = len(self.chained)
        fired = self.judge(*occurrences)
        self.tx.settle(keep=False)
        del self.chained[held:]
        return fired

    def judge(self, *occurrences: Occurrence) -> list[Alert]:
        """Chain events and judge them; what becomes of the request is for the caller to say."""
        before = self.head()
        self.chained += occurrences
        after = self.head()
        assert after is not None
        return self.engine.judge(
            self.tx, self.project, list(occurrences), before=before, after=after, recent=self.recent
        )

    def claim(self, *occurrences: Occurrence) -> None:
        """Chain the events of a stream, which nobody judges."""
        self.chained += occurrences
        self.unjudged.update(occurrence.event_id for occurrence in occurrences)

    def restart(self) -> None:
        """Forget everything that is not stored."""
        self.engine = Engine()

    def head(self) -> bytes | None:
        """The hash at the head of the chain."""
        ids = [occurrence.event_id for occurrence in self.chained]
        return sha256(repr(ids).encode()).digest() if ids else None

    def recent(self, tx: Tx, project: int, since_ms: int) -> Iterable[Occurrence]:
        """What the store says was received since then, in no order."""
        assert tx is self.tx
        assert project == self.project
        self.loads += 1
        found = [each for each in self.chained if each.at >= since_ms and each.event_id not in self.unjudged]
        return sorted(found, key=lambda each: each.event_id * 7 % 11)

    def rule(self, action_pattern: str = "auth.failed*", threshold: int = 3, **values: object) -> Rule:
        """A rule of the project's own."""
        said = {
            "name": "a rule",
            "window_seconds": 60,
            "group_by": "actor_id",
            "severity": "high",
            "cooldown_seconds": 600,
            "now_ms": START_MS,
            **values,
        }
        rule = alert_rules.create(
            self.tx,
            self.project,
            action_pattern=action_pattern,
            threshold=threshold,
            **said,  # type: ignore[arg-type] # a test's spelling of fields
        )
        self.tx.settle(keep=True)
        return rule

    def only(self, *rule_ids: str) -> None:
        """Disable the built-in rules but these."""
        for rule_id in alert_rules.BUILTINS:
            alert_rules.change(self.tx, self.project, rule_id, enabled=rule_id in rule_ids)
        self.tx.settle(keep=True)
