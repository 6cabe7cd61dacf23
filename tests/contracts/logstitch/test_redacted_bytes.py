"""Whatever an audit event holds and wherever: what is redacted is in no stored byte, and everybody says the same."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from logserver.app import Application
from logserver.contracts.logstitch.events import FIXED, GIVEN_BY_SERVER
from logserver.core.redaction import rules
from logserver.core.redaction.behaviors import BEHAVIORS, Behavior
from tests import nowhere, serving
from tests.contracts.logstitch.asked import EVENTS, ask, event
from tests.core.redaction.test_properties import before, foreign, placed, storable, values
from tests.fakes import FakeClock
from tests.nowhere import KINDS, Maker, Secret
from tests.serving import Sender, Server

TEST = "/api/v1/redaction/test"
PARTS = ("actor", "target", "context", "metadata", "changes", "extra")


class Served(NamedTuple):
    server: Server
    senders: dict[Behavior, Sender]
    """A project for each behaviour, with every rule on."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all that is tried."""
    app = Application(
        serving.settings(tmp_path_factory.mktemp("redacted"), public_api_rate_limit_requests=10_000_000), FakeClock()
    )
    with TestClient(app) as client:
        server = Server(app, client, FakeClock())
        senders = {behavior: server.sender() for behavior in BEHAVIORS}
        for behavior, sender in senders.items():
            server.administer(_switch_on, sender, behavior)
        yield Served(server, senders)


def _switch_on(tx: Any, sender: Sender, behavior: Behavior) -> None:
    number = sender.project.number
    for rule in rules.every(tx, number):
        rules.change(tx, number, rule.id, enabled=True, behavior=behavior)
    own: dict[str, Any] = {"name": "own", "behavior": behavior, "enabled": True, "now_ms": 0}
    rules.create(tx, number, type="pattern", pattern=nowhere.EMPLOYEE, fields=None, **own)
    rules.create(tx, number, type="field_redact", pattern=None, fields=["metadata.veiled", "changes.*.after"], **own)


def _made(kind: str, seed: int) -> Secret:
    made: Secret = getattr(Maker(seed), kind)()
    return made


# Not of hypothesis's own making, which likes to say the same twice.
fresh = st.builds(_made, st.sampled_from(KINDS), st.integers(0, 2**32))


class Sent(NamedTuple):
    event: dict[str, Any]
    secrets: list[Secret]


@st.composite
def sent(draw: st.DrawFn) -> Sent:
    """An event with anything in the places that take anything, and with secrets, each somewhere."""

    def anything() -> Any:
        return plain(draw(values))

    made = event(
        actor={"id": "u1", "type": "user", "more": anything()},
        target={"id": "t1", "type": "thing", "name": "a name"},
        context={"location": anything(), "user_agent": "some"},
        metadata={"any": anything(), "veiled": anything()},
        changes=[{"field": "f", "before": anything(), "after": anything()}],
        extra=anything(),
    )
    hidden: list[Secret] = []
    for _ in range(draw(st.integers(1, 3))):
        secret = draw(fresh)
        text = plain(draw(before) + secret.text + draw(foreign))
        hidden.append(secret)
        place = draw(st.sampled_from(["id", "name", "email", "target", "agent", "field", "key", *PARTS]))
        if place in {"id", "name", "email"}:
            made["actor"][place] = text
        elif place == "key":
            made[text] = [anything()]
        elif place == "target":
            made["target"][draw(st.sampled_from(["id", "type", "name"]))] = text
        elif place == "agent":
            made["context"]["user_agent"] = text
        elif place == "field":
            made["changes"][0]["field"] = text
        elif place == "changes":
            made["changes"][0]["before"] = plain(placed(draw, made["changes"][0]["before"], text))
        elif place == "extra":
            made["extra"] = plain(placed(draw, made["extra"], text))
        else:
            made[place]["placed"] = plain(placed(draw, made[place].get("placed"), text))
    return Sent({name: value for name, value in made.items() if value is not None}, hidden)


def plain(value: Any) -> Any:
    """A value as JSON can say it, and as the contract takes it: no halves of characters, no integer beyond 2^53."""
    if isinstance(value, dict):
        return {storable(key): plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return value if abs(value) < 2**53 else str(value)
    return storable(value)


def changes(was: Any, now: Any) -> int:
    """How many values and keys are not what they were."""
    if isinstance(was, dict) and isinstance(now, dict):
        pairs = zip(was.items(), now.items(), strict=True)
        return sum((before[0] != after[0]) + changes(before[1], after[1]) for before, after in pairs)
    if isinstance(was, list) and isinstance(now, list):
        return sum(changes(*pair) for pair in zip(was, now, strict=True))
    return int(was != now or type(was) is not type(now))


def free(event: dict[str, Any]) -> dict[str, Any]:
    """What rules run on of an event."""
    return {name: value for name, value in event.items() if name not in FIXED and name not in GIVEN_BY_SERVER}


def dumped(server: Server) -> list[tuple[str, bytes]]:
    return [(name, held) for name, held in nowhere.tables(server.folder) if name != "table redaction_rules"]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(BEHAVIORS), sent())
def test_what_is_redacted_is_nowhere(served: Served, behavior: Behavior, made: Sent) -> None:
    server, token = served.server, served.senders[behavior].token
    tried = ask(server, "POST", TEST, token, {"event": made.event})
    stored = ask(server, "POST", EVENTS, token, made.event)
    assert (tried.status_code, stored.status_code) == (200, 201), stored.text
    read = ask(server, "GET", EVENTS, token, limit=1)
    (shown,) = read.json()["events"]

    assert shown["id"] == stored.json()["ids"][0]
    assert free(shown) == free(tried.json()["event"])
    assert shown["redactions"] == tried.json()["matches"]
    count = stored.json()["redacted_count"]
    assert count == tried.json()["redacted_count"] == changes(free(made.event), free(shown))
    assert count

    again = {name: value for name, value in shown.items() if name not in GIVEN_BY_SERVER}
    assert ask(server, "POST", EVENTS, token, again).json()["redacted_count"] == 0
    (second,) = ask(server, "GET", EVENTS, token, limit=1).json()["events"]
    assert second["redactions"] == []
    assert free(second) == free(shown)

    places = [*dumped(server), ("tried", tried.content), ("stored", stored.content), ("read", read.content)]
    indexed = nowhere.terms(server.folder)
    assert [leak for secret in made.secrets for leak in nowhere.leaks(secret, places, indexed)] == []


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(BEHAVIORS),
    fresh,
    before,
    st.sampled_from(["tenant_id", "idempotency_key"]),
)
def test_an_identifier_that_would_be_redacted_is_refused_and_not_repeated(
    served: Served, behavior: Behavior, secret: Secret, start: str, name: str
) -> None:
    server, token = served.server, served.senders[behavior].token
    text = start + secret.text
    for answer in (
        ask(server, "POST", EVENTS, token, event(**{name: text})),
        ask(server, "POST", TEST, token, {"event": event(**{name: text})}),
    ):
        assert answer.status_code == 422
        assert [detail["field"].rpartition(".")[2] for detail in answer.json()["error"]["details"]] == [name]
        assert nowhere.in_bytes(secret, [("answer", answer.content)]) == []
    noted = msgspec.json.encode([each.context for each in server.refusals()])
    assert nowhere.in_bytes(secret, [("notes", noted)]) == []
