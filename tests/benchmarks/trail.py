"""The audit trail: its pages in a large store, and what alert rules and redaction cost its ingest."""

import itertools
import sqlite3
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from logserver.contracts.logstitch.reading import EVERYBODY, Page, page, read_filters
from logserver.core import projects, tokens
from logserver.core.alerting import alert_rules
from logserver.core.clock import SystemClock
from logserver.core.redaction import rules
from logserver.core.times import iso_text
from logserver.store.database import snapshot, transaction
from logserver.store.ids import Spelling
from tests.benchmarks import audit, pages
from tests.benchmarks.ingest import Side, stored
from tests.benchmarks.load import request
from tests.benchmarks.plan import Plan, Result, compared
from tests.benchmarks.processes import server, started

EVENTS = "/api/v1/events"
PER_ARRAY = 100
_ARRAYS_A_SECOND = 200
_RULES = 100
_SECRET = bytes(32)

QUESTIONS: dict[str, dict[str, str]] = {
    "newest": {},
    "tenant": {"tenant_id": "tenant-7"},
    "rare tenant": {"tenant_id": audit.RARE_TENANT},
    "actor": {"actor_id": "user_42"},
    "actor type": {"actor_type": "service"},
    "action": {"action": "role.updated"},
    "action prefix": {"action": "user.*"},
    "action suffix": {"action": "*.deleted"},
    "action, within a word": {"action": "*oice.up*"},
    "action nobody has": {"action": "nothing.like_it"},
    "category": {"category": "security"},
    "target": {"target_id": "invoice_17"},
    "target type": {"target_type": "report"},
    "rare word": {"search": audit.RARE_WORD},
    "common words": {"search": "green river"},
    "no such word": {"search": "nowhereatall"},
    "tenant, action, category": {"tenant_id": "tenant-7", "action": "role.*", "category": "admin"},
    "tenant, actor": {"tenant_id": "tenant-7", "actor_id": "user_42"},
    "tenant, word": {"tenant_id": "tenant-7", "search": "green"},
    "rare tenant, rare word": {"tenant_id": audit.RARE_TENANT, "search": audit.RARE_WORD},
    "category, type of target": {"category": "auth", "target_type": "session"},
    "that contradict one another": {"category": "auth", "action": "invoice.*"},
    "types that contradict": {"action": "invoice.created", "target_type": "report"},
    "everything at once": {
        "tenant_id": "tenant-7",
        "actor_id": "user_42",
        "actor_type": "user",
        "action": "*.updated",
        "category": "mutation",
        "target_type": "invoice",
        "search": "green",
    },
}
"""What is asked of the trail, by name; each newest first, and from the middle of its time on."""


def trail_pages(plan: Plan) -> list[Result]:
    """Pages of GET /api/v1/events, from the filters of a query to the events as they are shown, without HTTP."""
    folder = audit.large(plan)
    with snapshot(folder) as tx:
        project = projects.by_slug(tx, audit.SLUG)
        spelling = Spelling(tx.execute("SELECT value FROM secrets WHERE name = 'spelling'").fetchone()[0])
    middle = iso_text((SystemClock().now_ms() - audit.DAYS * 43_200_000) * 1000)

    def asking(query: dict[str, str]) -> Callable[[sqlite3.Connection], Page]:
        return lambda tx: page(tx, project, read_filters(query), audience=EVERYBODY, spelling=spelling, secret=_SECRET)

    asked = []
    for name, query in QUESTIONS.items():
        asked.append((f"trail: {name}", asking(query)))
        asked.append((f"trail: {name}, middle", asking({**query, "end_date": middle})))
    return pages.measure(
        plan,
        folder,
        asked=asked,
        beside=("50 rows by key", pages.by_key),
        described=lambda answer: f"{len(answer.events)} events{', more' if answer.cursor else ''}",
        limits=(5, 2),
    )


def _arrays(token: str, seed: int, size: int, *, secrets: bool) -> Iterator[bytes]:
    made = audit.events(seed, size=size, secrets=secrets)
    while True:
        body = msgspec.json.encode(list(itertools.islice(made, PER_ARRAY)))
        yield request(EVENTS, body, token=token)


def _token(folder: Path, slug: str, prepare: Callable[[Any, projects.Project], None]) -> str:
    project = audit.made_project(folder, slug)
    with transaction(folder) as tx:
        prepare(tx, project)
        return tokens.issue(tx, kind="project", name=slug, project=project, now_ms=SystemClock().now_ms()).secret


def _beside(
    plan: Plan,
    with_: Callable[[Any, Any], None],
    without: Callable[[Any, Any], None],
    size: int,
    *,
    secrets: bool = False,
) -> Any:
    """Rounds of two projects of one server by turns: (with, without) and what went wrong."""
    rounds: list[tuple[Side, Side]] = []
    complaints: list[str] = []
    for seed in range(plan.rounds):
        with plan.scratch() as folder:
            first, second = _token(folder, "with", with_), _token(folder, "without", without)
            with started(server(folder)) as running:
                ours = Side(plan, running, _arrays(first, seed, size, secrets=secrets), 8)
                theirs = Side(plan, running, _arrays(second, seed, size, secrets=secrets), 8)
                for _ in range(plan.turns):
                    theirs.turn(_ARRAYS_A_SECOND)
                    ours.turn(_ARRAYS_A_SECOND)
            held = stored(folder)
            missing = (ours.outcome.stored + theirs.outcome.stored) * PER_ARRAY - held
            complaints += [side.complaint(held) for side in (ours, theirs)]
            complaints.append(f"{missing} events missing" if missing > 0 else "")
        rounds.append((ours, theirs))
    return rounds, "; ".join(filter(None, complaints))


def alert_rules_cost(plan: Plan) -> list[Result]:
    """Events a second in arrays of 100 with 100 rules enabled, to the same project without any."""

    def hundred(tx: Any, project: projects.Project) -> None:
        for rule in alert_rules.every(tx, project.number):
            alert_rules.change(tx, project.number, rule.id, enabled=True)
        patterns = ("*", "user.*", "*.deleted", "invoice.created", "*.exported", "billing.*", "role.upd*", "none.*")
        for number in range(_RULES - len(alert_rules.every(tx, project.number))):
            alert_rules.create(
                tx,
                project.number,
                name=f"rule {number}",
                action_pattern=patterns[number % len(patterns)],
                threshold=20 + number,
                window_seconds=60 * (1 + number % 60),
                group_by="actor_id" if number % 2 else "tenant_id",
                severity="low",
                now_ms=SystemClock().now_ms(),
            )

    rounds, wrong = _beside(plan, hundred, audit.silence, 600)
    ours_cpu, their_cpu = (statistics.median(pair[side].cpu_us for pair in rounds) / PER_ARRAY for side in (0, 1))
    return [
        compared(
            "audit events, 100 alert rules enabled",
            "events/s",
            [(ours.outcome.rate * PER_ARRAY, theirs.outcome.rate * PER_ARRAY) for ours, theirs in rounds],
            yardstick="without a rule, events/s",
            at_least=True,
            target=0.8,
            stretch=0.9,
            note=f"processor: {ours_cpu:.0f} µs an event, without {their_cpu:.0f} µs",
            wrong=wrong,
        )
    ]


def redaction_cost(plan: Plan) -> list[Result]:
    """Processor time of an array of 100 events of 2 KB with every built-in rule on, to the same with none.

    Once of events in which the rules find an address only, once of events with five secrets each.
    """
    return [_redaction(plan, secrets=False), _redaction(plan, secrets=True)]


def _redaction(plan: Plan, *, secrets: bool) -> Result:

    def all_(tx: Any, project: projects.Project, *, enabled: bool = True) -> None:
        audit.silence(tx, project)
        for rule in rules.every(tx, project.number):
            rules.change(tx, project.number, rule.id, enabled=enabled)

    rounds, wrong = _beside(plan, all_, lambda tx, project: all_(tx, project, enabled=False), 2_000, secrets=secrets)
    pairs = [(ours.cpu_us / 1000, theirs.cpu_us / 1000) for ours, theirs in rounds]
    rates = [(ours.outcome.rate, theirs.outcome.rate) for ours, theirs in rounds]
    return compared(
        f"array of 100 audit events of 2 KB, 8 rules of redaction{', 5 secrets each' if secrets else ''}",
        "ms of processor",
        pairs,
        yardstick="with none",
        at_least=False,
        target=4,
        stretch=2,
        note=f"arrays a second: {statistics.median(r[0] for r in rates):.0f},"
        f" with none {statistics.median(r[1] for r in rates):.0f}",
        wrong=wrong,
    )
