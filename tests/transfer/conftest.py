import asyncio
from pathlib import Path

import pytest

from logserver.core import projects, quotas, tiers
from logserver.core.alerting import alert_rules
from logserver.core.clock import SystemClock
from logserver.core.redaction import rules
from logserver.demo import story
from logserver.store.database import transaction
from tests.transfer.moving import change, export


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with everything that a project may have."""
    folder = tmp_path_factory.mktemp("company")
    now_ms = SystemClock().now_ms()
    asyncio.run(story.fill(folder, now_ms=now_ms, days=1, seed=1, password="none", told=lambda *_: None))
    with transaction(folder) as tx:
        project = projects.set_values(
            tx, "storefront", retention_days=90, audit_retention_days=400, rate_limit=(77, 30), name="Front"
        )
        quotas.limit(tx, "storefront", 1_000_000)
        tiers.put(tx, project, "support", ["id", "actor.id"])
        number = project.number
        rules.create(
            tx,
            number,
            type="pattern",
            name="Badge",
            pattern="BADGE-[0-9]+",
            fields=None,
            behavior="mask",
            enabled=True,
            now_ms=now_ms,
        )
        rules.change(tx, number, rules.every(tx, number)[0].id, enabled=False)
        alert_rules.create(
            tx,
            number,
            name="Many",
            action_pattern="user.*",
            threshold=5,
            window_seconds=60,
            group_by="actor_id",
            severity="low",
            now_ms=now_ms,
        )
        alert_rules.change(tx, number, min(alert_rules.BUILTINS), enabled=False)
        projects.create(tx, slug="closed", now_ms=now_ms - 1_000)
        projects.archive(tx, "closed", now_ms)
    change(folder, "UPDATE error_groups SET assignee = 'ada@example.com' WHERE id = (SELECT min(id) FROM error_groups)")
    return folder


@pytest.fixture(scope="session")
def moved(company: Path) -> Path:
    """The whole store as a file."""
    file = company / "all.jsonl.zst"
    export(company, file)
    return file
