"""``python -m tests.benchmarks.judging``: microseconds that the alert rules cost an event."""

import gc
import itertools
import random
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from logserver.core import projects
from logserver.core.alerting import alert_rules
from logserver.core.alerting.alert_engine import Engine
from logserver.core.alerting.sliding import Occurrence
from logserver.store.batch import Batch
from logserver.store.connections import connect
from logserver.store.database import transaction
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx

EVENTS = 50_000
ROUNDS = 3
"""The best of them is shown: what else the machine does is no cost of the rules."""

_AREAS = ("user", "auth", "billing", "project", "team", "report", "file", "role", "invoice", "session")
_DEEDS = ("created", "updated", "deleted", "exported", "viewed", "failed", "login", "shared")
_ACTIONS = [f"{area}.{deed}" for area, deed in itertools.product(_AREAS, _DEEDS)]

Rules = Iterable[dict[str, Any]]


def _rule(number: int, pattern: str, threshold: int) -> dict[str, Any]:
    return {
        "name": f"rule {number}",
        "action_pattern": pattern,
        "threshold": threshold,
        "window_seconds": (60, 300, 600, 1_800, 3_600)[number % 5],
        "group_by": ("actor_id", "tenant_id")[number % 2],
        "severity": "low",
    }


def _assorted(number: int) -> str:
    area, deed = _AREAS[number % 10], _DEEDS[number % 8]
    return ("*", f"{area}.*", f"*.{deed}", f"{area}.{deed}", f"*{area[:2]}*", f"{area[0]}*{deed[-1]}")[number % 6]


CASES: dict[str, tuple[bool, Rules]] = {
    "no rules": (False, []),
    "the built-in ones": (True, []),
    "100, none matching": (True, [_rule(n, f"nothing.like{n}*", 5) for n in range(94)]),
    "100, all *, below the threshold": (True, [_rule(n, "*", 10_000) for n in range(94)]),
    "100, all *, at the threshold and resting": (True, [_rule(n, "*", 5 + n) for n in range(94)]),
    "100, all *, all at five": (True, [_rule(n, "*", 5) for n in range(94)]),
    "100 assorted, low thresholds": (True, [_rule(n, _assorted(n), 5 + n) for n in range(94)]),
    "100 assorted, high thresholds": (True, [_rule(n, _assorted(n), 1_000 + n) for n in range(94)]),
}


def _occurrences(actors: int, apart_ms: int) -> list[Occurrence]:
    chosen = random.Random(1)  # noqa: S311 - a load, no secret
    names = [f"user-{number}" for number in range(actors)]
    return [
        Occurrence(
            1_790_000_000_000 + n * apart_ms,
            chosen.choice(_ACTIONS),
            chosen.choice(names),
            f"tenant-{chosen.randrange(1 + actors // 10)}",
            f"10.0.0.{chosen.randrange(3)}",
            n,
            f"evt_{n:026}",
        )
        for n in range(EVENTS)
    ]


def _measure(folder: Path, case: str, occurrences: list[Occurrence], each: int) -> tuple[float, int, int]:
    """Microseconds an event of the second half, alerts rung in it, and occurrences remembered at the end."""
    builtins, rules = CASES[case]
    with transaction(folder) as tx:
        project = projects.create(tx, slug=f"p{random.getrandbits(60):x}", now_ms=0).number
        for builtin in alert_rules.BUILTINS:
            alert_rules.change(tx, project, builtin, enabled=builtins)
        for rule in rules:
            alert_rules.create(tx, project, **rule, now_ms=0)
    connection = connect(folder)
    connection.execute("BEGIN IMMEDIATE")
    tx = WriteTx(connection, Batch())
    tx.execute("SELECT 1")
    engine = Engine()
    judge: Callable[..., Any] = engine.judge
    heads = [n.to_bytes(32, "big") for n in range(len(occurrences) // each + 1)]
    portions = len(occurrences) // each
    rung, begun = 0, 0.0
    for n in range(portions):
        if n == portions // 2:
            rung, begun = 0, time.process_time()
        portion = occurrences[n * each : (n + 1) * each]
        rung += len(judge(tx, project, portion, before=heads[n], after=heads[n + 1], recent=_nothing))
    taken = (time.process_time() - begun) * 2
    connection.rollback()
    connection.close()
    return taken * 1e6 / len(occurrences), rung, engine.remembered


def _nothing(_tx: Tx, _project: int, _since_ms: int) -> list[Occurrence]:
    return []


def main() -> None:
    """Measure every case with events one by one and by the hundred, of few actors and of many."""
    gc.set_threshold(20_000, 10, 10)  # as the server has it
    with tempfile.TemporaryDirectory() as name:
        for title, actors, apart_ms in (("200 actors", 200, 10), ("10,000 actors", 10_000, 10), ("1 actor", 1, 100)):
            occurrences = _occurrences(actors, apart_ms)
            for case in CASES:
                singles, rung, held = min(_measure(Path(name), case, occurrences, 1) for _ in range(ROUNDS))
                batched, _, _ = min(_measure(Path(name), case, occurrences, 100) for _ in range(ROUNDS))
                print(
                    f"{title:14} {case:42} {singles:7.2f} us one by one {batched:7.2f} us by the hundred"
                    f" {rung:6} alerts {held:7} remembered"
                )


if __name__ == "__main__":
    main()
