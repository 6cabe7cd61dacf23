import base64
from typing import Any

import pytest

from logserver.core import projects
from logserver.core.faults import Conflict, Invalid, NotFound
from logserver.core.posting import webhooks
from logserver.core.posting.webhooks import Webhook
from logserver.core.projects import Project
from logserver.store.tx import Tx
from tests.fakes import START_MS

URL = "https://example.com/hook"


def create(tx: Tx, project: Project, **values: Any) -> tuple[Webhook, str]:
    usual: dict[str, Any] = {"url": URL, "now_ms": START_MS, "allow_private": False, "mail": False}
    return webhooks.create(tx, project.number, **usual | values)


def change(tx: Tx, project: Project, webhook: Webhook, **values: Any) -> Webhook:
    return webhooks.change(tx, project.number, webhook.id, **{"allow_private": False, "mail": False, **values})


def test_a_webhook_is_made_with_a_secret_that_is_shown_once(tx: Tx, project: Project) -> None:
    webhook, secret = create(tx, project, events=["alert.triggered", "high", "high"])
    assert (webhook.url, webhook.enabled, webhook.created_at) == (URL, True, START_MS)
    assert webhook.events == ("alert.triggered", "high")
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) >= 24
    _, other = create(tx, project)
    assert other != secret
    (kept, _) = webhooks.every(tx, project.number)
    assert kept == webhook == webhooks.read(tx, project.number, webhook.id)
    assert secret not in repr(webhook)


def test_each_part_is_changed_alone(tx: Tx, project: Project) -> None:
    webhook, _ = create(tx, project, events=["low"])
    assert change(tx, project, webhook) == webhook
    assert change(tx, project, webhook, enabled=False).enabled is False
    assert change(tx, project, webhook, url="https://example.org/").url == "https://example.org/"
    changed = change(tx, project, webhook, events=[])
    assert (changed.url, changed.enabled, changed.events) == ("https://example.org/", False, ())
    assert webhooks.every(tx, project.number) == [changed]


def test_what_may_not_be_made_may_not_become_either(tx: Tx, project: Project) -> None:
    webhook, _ = create(tx, project)
    for wrong in ({"url": "http://127.0.0.1/"}, {"url": "mailto:a@example.com"}, {"events": ["alert.closed"]}):
        for attempt in (
            lambda values=wrong: create(tx, project, **values),
            lambda values=wrong: change(tx, project, webhook, **values),
        ):
            with pytest.raises(Invalid):
                attempt()
    assert webhooks.every(tx, project.number) == [webhook]


def test_an_unknown_event_is_named_by_its_place(tx: Tx, project: Project) -> None:
    with pytest.raises(Invalid) as refused:
        create(tx, project, events=["low", "urgent", "alert.resolved", "*"])
    assert [field for field, _ in refused.value.problems] == ["events.1", "events.3"]


def test_another_projects_webhook_is_not_there(tx: Tx, project: Project) -> None:
    other = projects.create(tx, slug="other", now_ms=START_MS)
    webhook, _ = create(tx, project)
    assert webhooks.every(tx, other.number) == []
    for attempt in (
        lambda: webhooks.read(tx, other.number, webhook.id),
        lambda: change(tx, other, webhook, enabled=False),
        lambda: webhooks.delete(tx, other.number, webhook.id),
    ):
        with pytest.raises(NotFound):
            attempt()
    webhooks.delete(tx, project.number, webhook.id)
    with pytest.raises(NotFound):
        webhooks.read(tx, project.number, webhook.id)


def test_a_project_has_at_most_fifty(tx: Tx, project: Project) -> None:
    made = [create(tx, project)[0] for _ in range(50)]
    with pytest.raises(Conflict, match="at most 50"):
        create(tx, project)
    webhooks.delete(tx, project.number, made[0].id)
    create(tx, project)


@pytest.mark.parametrize(
    ("events", "kind", "severity", "wanted"),
    [
        ((), "alert.resolved", "low", True),
        (("alert.triggered",), "alert.triggered", "low", True),
        (("alert.triggered",), "alert.resolved", "low", False),
        (("high", "critical"), "alert.resolved", "high", True),
        (("high", "critical"), "alert.resolved", "medium", False),
        (("alert.triggered", "high"), "alert.triggered", "high", True),
        (("alert.triggered", "high"), "alert.triggered", "low", False),
        (("alert.triggered", "high"), "alert.resolved", "high", False),
    ],
)
def test_types_and_severities_are_filtered_each_where_named(
    tx: Tx, project: Project, events: tuple[str, ...], kind: str, severity: str, *, wanted: bool
) -> None:
    create(tx, project, events=events)
    create(tx, project, events=events, enabled=False)
    assert len(webhooks.told(tx, project.number, kind, severity)) == int(wanted)
