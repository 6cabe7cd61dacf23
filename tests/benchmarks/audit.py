"""Made-up audit events, and a large store of them."""

import asyncio
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from logserver.app import Application
from logserver.contracts.logstitch import signing
from logserver.contracts.logstitch.events import Draft
from logserver.core import projects
from logserver.core.alerting import alert_rules
from logserver.core.clock import SystemClock
from logserver.core.projects import Project
from logserver.settings import Settings
from logserver.store.database import transaction
from tests.benchmarks.bigstore import settle
from tests.benchmarks.plan import Plan, seeded

SLUG = "trail"
DAYS = 90
_MARK = "made-by-audit-benchmarks"
_PORTION = 500
_NOUNS = ("user", "invoice", "project", "api_key", "report", "session", "team", "webhook", "role", "billing.plan")
_VERBS = ("created", "updated", "deleted", "exported", "viewed", "archived")
_CATEGORIES = {"session": "auth", "api_key": "security", "role": "admin", "report": "access"}
_WORDS = [
    "green",
    "river",
    "quiet",
    "letter",
    "amount",
    "window",
    "bridge",
    "market",
    "paper",
    "garden",
    "silver",
    "number",
    "morning",
    "winter",
]
RARE_WORD = "zanzibar"
RARE_TENANT = "tenant-rare"


def event(chance: random.Random, *, size: int = 600, secrets: bool = False) -> dict[str, Any]:
    """An audit event of about so many bytes of JSON; with ``secrets``, a card, an e-mail, a phone and a token."""
    noun, verb = chance.choice(_NOUNS), chance.choice(_VERBS)
    actor, tenant = chance.randrange(5_000), chance.randrange(200)
    made: dict[str, Any] = {
        "action": f"{noun}.{verb}",
        "category": _CATEGORIES.get(noun, "mutation"),
        "actor": {
            "id": f"user_{actor}",
            "type": "service" if actor % 10 == 0 else "user",
            "name": f"{chance.choice(_WORDS)} {chance.choice(_WORDS)}".title(),
        },
        "tenant_id": f"tenant-{tenant}" if tenant % 199 else RARE_TENANT if chance.random() < 0.02 else "tenant-1",
        "target": {"id": f"{noun}_{chance.randrange(50_000)}", "type": noun.partition(".")[0]},
        "context": {"ip_address": f"198.51.100.{actor % 250}", "session_id": f"{chance.getrandbits(64):016x}"},
        "changes": [{"field": "status", "before": chance.choice(_WORDS), "after": chance.choice(_WORDS)}],
    }
    words = [chance.choice(_WORDS) for _ in range(8)]
    if chance.random() < 0.0005:
        words[3] = RARE_WORD
    made["metadata"] = {"note": " ".join(words), "ticket": chance.randrange(9_000), "dry_run": chance.random() < 0.1}
    if secrets:
        made["actor"]["email"] = f"user{actor}@example.com"
        made["metadata"] |= {
            "card": "4111 1111 1111 1111",
            "call": "ask for +1 415 555 0132 in the office",
            "header": "Authorization: Bearer 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
        }
    left = size - len(msgspec.json.encode(made))
    for index in range(max(left, 0) // 60):
        made["metadata"][f"detail_{index}"] = " ".join(chance.choice(_WORDS) for _ in range(7))
    return made


def events(seed: int, *, size: int = 600, secrets: bool = False) -> Iterator[dict[str, Any]]:
    """Audit events, the same for the same seed."""
    chance = seeded(seed)
    while True:
        yield event(chance, size=size, secrets=secrets)


def large(plan: Plan) -> Path:
    """The folder of a store with as many audit events as the plan has rows, over 90 days, filled at first use."""
    folder = (plan.store.with_name(plan.store.name + "-audit") if plan.store else plan.folder / "audit").absolute()
    mark = folder / _MARK
    if mark.exists() and mark.read_text(encoding="utf-8") == str(plan.rows):
        return folder
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise SystemExit(f"{folder} holds something else than a store of the benchmarks")
    shutil.rmtree(folder, ignore_errors=True)
    sys.stderr.write(f"filling a store with {plan.rows:,} audit events ... ")
    sys.stderr.flush()
    asyncio.run(_fill(folder, plan.rows))
    settle(folder)
    mark.write_text(str(plan.rows), encoding="utf-8")
    return folder


async def _fill(folder: Path, rows: int) -> None:
    app = Application(Settings(data=folder, durability="normal"))
    await app.database.open()
    try:
        app.chain.open(signing.existing_or_new(folder))
        project = await app.database.write(_make_project)
        made, now = events(1), SystemClock().now_ms()
        begin, step = now - DAYS * 86_400_000, DAYS * 86_400_000 / rows
        for first in range(0, rows, _PORTION):
            drafts = [
                Draft(next(made), int(begin + step * index) * 1000)
                for index in range(first, min(first + _PORTION, rows))
            ]
            await app.database.write(app.trail.store, project, drafts, now, rows=len(drafts), size=0)
    finally:
        await app.database.close()


def _make_project(tx: Any) -> Project:
    project = projects.create(tx, slug=SLUG, now_ms=SystemClock().now_ms())
    silence(tx, project)
    return project


def silence(tx: Any, project: Project) -> None:
    """Switch every rule of alerts of a project off."""
    for rule in alert_rules.every(tx, project.number):
        alert_rules.change(tx, project.number, rule.id, enabled=False)


def made_project(folder: Path, slug: str) -> Project:
    """A new project in the store of a folder."""
    with transaction(folder) as tx:
        return projects.create(tx, slug=slug, now_ms=SystemClock().now_ms())
