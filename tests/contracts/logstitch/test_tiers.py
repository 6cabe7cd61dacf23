"""What a viewer token of a tier shows, and what it can be used to find out."""

from typing import Any

import pytest

from logserver.contracts.logstitch.wire import StoredEvent
from logserver.core import tiers
from tests.contracts.logstitch.asked import EVENTS, ask, event, minted
from tests.serving import Sender, Server

EVENT = event(
    actor={"id": "u1", "type": "user", "name": "Ann", "email": "ann@acme.example"},
    target={"id": "t1", "type": "order"},
    context={"ip_address": "203.0.113.7"},
    metadata={"plan": "gold", "note": "confidential", "a": {"b": 1}},
    changes=[{"field": "role", "before": "viewer", "after": "admin"}],
    extra="of our own",
)


def viewer_of(server: Server, sender: Sender, *fields: str) -> str:
    assert ask(server, "POST", EVENTS, sender.token, EVENT).status_code == 201
    server.administer(tiers.put, sender.project, "support", list(fields))
    return minted(server, sender.token, tier="support")


def shown(server: Server, viewer: str, **query: Any) -> dict[str, Any]:
    (event,) = ask(server, "GET", EVENTS, viewer, **query).json()["events"]
    assert event.pop("id").startswith("evt_")
    found: dict[str, Any] = event
    return found


def test_what_may_be_shown_is_what_is_published() -> None:
    assert set(tiers.FIELDS) == set(StoredEvent.__struct_fields__)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["action"], {"action": EVENT["action"]}),
        (["id"], {}),
        (["actor"], {"actor": EVENT["actor"]}),
        (["actor.name"], {"actor": {"name": "Ann"}}),
        (["actor.name", "actor.id"], {"actor": {"name": "Ann", "id": "u1"}}),
        (["actor.name", "actor"], {"actor": EVENT["actor"]}),
        (["actor", "actor.name"], {"actor": EVENT["actor"]}),
        (["metadata.plan", "metadata.a"], {"metadata": {"plan": "gold", "a": {"b": 1}}}),
        (["metadata.PLAN", "context.nothing"], {}),
        (["changes", "tenant_id"], {"changes": EVENT["changes"], "tenant_id": "acme"}),
        (["idempotency_key", "redactions"], {"redactions": []}),
    ],
)
def test_only_what_the_tier_names_is_shown(
    server: Server, sender: Sender, fields: list[str], expected: dict[str, Any]
) -> None:
    assert shown(server, viewer_of(server, sender, *fields)) == expected


def test_without_a_tier_the_whole_event_is_shown(server: Server, sender: Sender) -> None:
    viewer_of(server, sender, "action")
    whole = shown(server, minted(server, sender.token))
    assert whole == shown(server, sender.token)
    assert whole["extra"] == "of our own"


def test_a_change_of_a_tier_holds_for_tokens_that_are_out(server: Server, sender: Sender) -> None:
    viewer = viewer_of(server, sender, "action", "category")
    assert shown(server, viewer).keys() == {"action", "category"}
    server.administer(tiers.put, sender.project, "support", ["category"])
    assert shown(server, viewer).keys() == {"category"}


FILTERS = {
    "action": ("action", "user.*"),
    "category": ("category", "auth"),
    "actor_id": ("actor.id", "u1"),
    "actor_type": ("actor.type", "user"),
    "target_id": ("target.id", "t1"),
    "target_type": ("target.type", "order"),
    "start_date": ("occurred_at", "2020-01-01"),
    "end_date": ("occurred_at", "2030-01-01"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_what_is_not_shown_cannot_be_asked_for(server: Server, sender: Sender, name: str) -> None:
    path, value = FILTERS[name]
    others = [field for field in tiers.FIELDS if field != path.partition(".")[0]]
    others += [f"{outer}.{inner}" for outer in ("actor", "target") for inner in ("id", "type") if outer in path]
    blind = viewer_of(server, sender, *[field for field in others if field != path])
    for guess in (value, "something.else", "1999-01-01"):
        answer = ask(server, "GET", EVENTS, blind, **{name: guess})
        assert answer.status_code in {403, 422}
        assert "events" not in answer.json()
    assert ask(server, "GET", EVENTS, blind, **{name: value}).status_code == 403
    for field in {path, path.partition(".")[0]}:
        server.administer(tiers.put, sender.project, "support", [field])
        assert len(ask(server, "GET", EVENTS, blind, **{name: value}).json()["events"]) == 1


@pytest.mark.parametrize("hidden", ["action", "actor", "target", "context", "metadata", "changes"])
def test_a_search_needs_sight_of_all_that_it_looks_into(server: Server, sender: Sender, hidden: str) -> None:
    part = [f"{hidden}.id"] if hidden in {"actor", "target"} else []
    viewer = viewer_of(server, sender, *[field for field in tiers.FIELDS if field != hidden], *part)
    for guess in ("confidential", "nothing"):
        assert ask(server, "GET", EVENTS, viewer, search=guess).status_code == 403
    server.administer(tiers.put, sender.project, "support", list(tiers.FIELDS))
    assert len(ask(server, "GET", EVENTS, viewer, search="confidential").json()["events"]) == 1


def test_its_own_tenant_may_be_asked_for_though_it_is_not_shown(server: Server, sender: Sender) -> None:
    viewer = viewer_of(server, sender, "action")
    assert shown(server, viewer, tenant_id="acme") == {"action": EVENT["action"]}
    assert ask(server, "GET", EVENTS, viewer, tenant_id="other").json()["events"] == []


def test_a_cursor_of_other_eyes_is_refused(server: Server, sender: Sender) -> None:
    viewer = viewer_of(server, sender, "action")
    ask(server, "POST", EVENTS, sender.token, EVENT)
    cursor = ask(server, "GET", EVENTS, minted(server, sender.token), limit=1).json()["cursor"]
    assert cursor
    assert ask(server, "GET", EVENTS, viewer, cursor=cursor).status_code == 400


def test_a_tier_of_another_project_is_none_of_ours(server: Server, sender: Sender) -> None:
    server.administer(tiers.put, server.sender().project, "support", ["action"])
    answer = ask(server, "POST", "/api/v1/viewer-tokens", sender.token, {"tenant_id": "acme", "tier": "support"})
    assert answer.status_code == 422
