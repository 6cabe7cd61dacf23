"""The README's tables: what is documented is true, and what there is is documented."""

import gzip
import re
from typing import Any
from uuid import uuid4

import click
import pytest

from logserver.api import fields
from logserver.cli import main
from logserver.contracts.logister import batch, bounds, mobile
from logserver.contracts.logstitch import events as audit
from logserver.contracts.logstitch import reading
from logserver.core import tokens, viewers
from logserver.core.alerting import alert_rules
from logserver.core.posting import webhooks
from logserver.core.projects import DEFAULT_RETENTION_DAYS
from logserver.core.redaction import rules
from logserver.settings import Settings
from logserver.store import syntax
from logserver.store.words import MAX_VALUE
from tests.docs.user import User, readme, table
from tests.examples import derived, endpoints
from tests.whole.raw import BATCH, EVENTS, NDJSON, Wire, ask, head, log_event, request

STORED: dict[str, dict[str, Any]] = {
    "the disk is full": {"level": "info"},
    "FULL DISK": {"level": "info"},
    "connection reset by peer": {"level": "info"},
    "reset the connection": {"level": "info"},
    "checking the stock": {"level": "info", "context": {"odd key": 1, "environment": "staging"}},
    "an order": {"level": "error", "context": {"user_id": 42, "exception": {"class": "KeyError"}}},
    "another order": {"level": "error", "context": {"user_id": 43}},
    "slow": {"level": "info", "context": {"duration_ms": 251, "path": "/health/live"}},
    "fast": {"level": "info", "context": {"duration_ms": 250, "path": "/orders"}},
    "a timeout": {"level": "info"},
    "it was refused": {"level": "info"},
    "low stock": {"level": "warning"},
    "from the north": {"level": "error", "context": {"region": "eu"}},
    "from the west": {"level": "error", "context": {"region": "us"}},
    "from the east": {"level": "error", "context": {"region": "ap"}},
    "from a quiet west": {"level": "info", "context": {"region": "us"}},
}
_ERRORS = {"an order", "another order", "from the north", "from the west", "from the east"}

IN_THE_TABLE = {
    "disk full": {"the disk is full", "FULL DISK"},
    '"connection reset"': {"connection reset by peer"},
    "check*": {"checking the stock"},
    "level:error": _ERRORS,
    "user_id:42": {"an order"},
    "exception.class:KeyError": {"an order"},
    "path:/health*": {"slow"},
    "duration_ms:>250": {"slow"},
    "user_id:*": {"an order", "another order"},
    "-level:info": _ERRORS | {"low stock"},
    "timeout OR refused": {"a timeout", "it was refused"},
    "level:error (region:eu OR region:us)": {"from the north", "from the west"},
    '"odd key":1': {"checking the stock"},
}

IN_THE_TEXT = {
    "level:warn": {"low stock"},
    "NOT level:info": IN_THE_TABLE["-level:info"],
    "duration_ms:>=250": {"slow", "fast"},
    "duration_ms:<251": {"fast"},
    "duration_ms:<=251": {"slow", "fast"},
    "env:staging": {"checking the stock"},
    "event_type:error": set(),
    "type:log": set(STORED),
    "message:timeout": {"a timeout"},
}


def test_every_query_of_the_table_finds_what_it_says(user: User) -> None:
    token = user.token()
    events = [log_event(message, uuid=str(uuid4()), **fields) for message, fields in STORED.items()]
    assert user.sends(token, events, BATCH).status == 202
    assert [query for query, _ in table("Query |")] == list(IN_THE_TABLE)
    queries = IN_THE_TABLE | IN_THE_TEXT
    assert {query: user.messages(query) for query in queries} == queries


def oversized(code: str, limit: int) -> bytes:
    """A request, for the token ``TOKEN``, that is over one limit and no other."""
    if code == "event_count":
        lines = [log_event("one of many", uuid=str(uuid4())) for _ in range(limit + 1)]
        return request(BATCH, "TOKEN", lines, media=NDJSON)
    if code == "compressed_bytes":
        return head(BATCH, "TOKEN", {"Content-Type": NDJSON, "Content-Length": limit + 1})
    if code == "decompressed_bytes":
        body = gzip.compress(b" " * (limit + 1))
        fields: dict[str, str | int] = {"Content-Type": NDJSON, "Content-Encoding": "gzip", "Content-Length": len(body)}
        return head(BATCH, "TOKEN", fields) + body
    if code == "body_bytes":
        return head(EVENTS, "TOKEN", {"Content-Type": "application/json", "Content-Length": limit + 1})
    nested: Any = 1
    for _ in range(limit if code == "context_depth" else 0):
        nested = [nested]
    events: dict[str, Any] = {
        "event_bytes": log_event("large", context={str(n): "x" * 250_000 for n in range(limit // 250_000 + 1)}),
        "context_depth": log_event("deep", context={"nested": nested}),
        "context_keys": log_event("wide", context={str(n): n for n in range(limit + 1)}),
        "array_length": log_event("long", context={"array": [0] * (limit + 1)}),
        "string_bytes": log_event("long", context={"string": "x" * (limit + 1)}),
        "message_bytes": log_event("x" * (limit + 1)),
    }
    return request(EVENTS, "TOKEN", events[code])


def test_each_limit_is_answered_with_its_code(user: User) -> None:
    token = user.token().encode()
    for code, limit, _ in table("Code | Limit"):
        answer = ask(user.server, oversized(code, int(limit)).replace(b"TOKEN", token))
        assert (answer.status, answer.json()["code"], answer.json()["limit"]) == (413, code, int(limit))
    assert user.finds() == []


def test_every_limit_is_in_the_table() -> None:
    limits = {name.lower(): value for name, value in vars(bounds).items() if name.isupper() and isinstance(value, int)}
    limits |= {
        "event_count": batch.MOST_EVENTS,
        "compressed_bytes": batch.WIRE_BYTES,
        "decompressed_bytes": batch.UNPACKED_BYTES,
    }
    assert {code: int(limit) for code, limit, _ in table("Code | Limit")} == limits


def test_every_limit_of_the_audit_trail_is_in_its_table() -> None:
    assert {what: int(limit) for what, limit in table("Audit trail |")} == {
        "bytes of a body with a project's events": audit.BODY_BYTES,
        "bytes of any other body": fields.CONTROL_BYTES,
        "events of an array (`LOGSERVER_AUDIT_BATCH_LIMIT`)": Settings.audit_batch_limit,
        "characters of an `action": audit.MAX_ACTION,
        "characters of an id, `tenant_id` or `idempotency_key": audit.MAX_NAME,
        "keys and elements of an event": audit.MAX_KEYS,
        "levels of nesting in an event": audit.MAX_DEPTH,
        "events or alerts of a page": reading.MOST,
        "redaction rules of a project's own": rules.MAX_CUSTOM,
        "alert rules of a project's own": alert_rules.MOST_CUSTOM,
        "webhooks of a project": webhooks.MOST,
    }


@pytest.mark.parametrize(
    ("sentence", "numbers"),
    [
        (
            r"at most (\d+) characters, (\d+) terms and (\d+) levels",
            (syntax.MAX_CHARACTERS, syntax.MAX_TERMS, syntax.MAX_DEPTH),
        ),
        (r"send (\d+) requests a minute", (Settings.public_api_rate_limit_requests,)),
        (r"authenticate (\d+) times a minute", (Settings.public_api_auth_failure_rate_limit_requests,)),
        (r"\((\d+) days at first\)", (DEFAULT_RETENTION_DAYS,)),
        (r"up to (\d+) characters are found as attributes", (MAX_VALUE,)),
        (r"http://localhost:(\d+)/", (Settings.port,)),
    ],
)
def test_the_numbers_in_the_text(sentence: str, numbers: tuple[int, ...]) -> None:
    found = {tuple(map(int, match.groups())) for match in re.finditer(sentence, " ".join(readme().split()))}
    assert found == {numbers}


def test_every_command_is_in_the_table() -> None:
    documented = {tuple(re.findall(r"[a-z-]+", names)[1:]) for names, _ in table("Command | Does")}
    there = {
        (name, *(command.commands if isinstance(command, click.Group) else ()))
        for name, command in main.commands.items()
    }
    assert {frozenset(names) for names in documented} == {frozenset(names) for names in there}


def test_each_kind_of_token_begins_as_the_table_says() -> None:
    begins = {kind: prefixes.split("`, `") for kind, prefixes, *_ in table("Kind | Begins")}
    assert begins == {
        "project token": [tokens.PREFIXES["project"]],
        "project key": [*tokens.KEY_PREFIXES.values()],
        "master key": [tokens.PREFIXES["master"]],
        "mobile token": [tokens.MOBILE_PREFIX],
        "viewer token": [viewers.PREFIX],
    }
    assert (mobile.LONGEST, viewers.LONGEST) == (3_600, 86_400)


def test_what_makes_each_kind_of_token_is_there(user: User) -> None:
    endpoints_there = {f"{endpoint.method} {endpoint.public_path()}" for endpoint in endpoints()}
    for _, prefixes, made_by, _ in table("Kind | Begins"):
        if made_by.startswith("logserver"):
            assert user.types(made_by).startswith(prefixes.split("`")[0])
        else:
            assert made_by in endpoints_there


def test_exit_codes(user: User) -> None:
    assert [row[0] for row in table("Exit code")] == ["0", "1", "2", "70"]
    user.runs("logserver", "search", code=0)
    refused = user.runs("logserver", "search", "--data", str(user.home / "nowhere"), code=1)
    assert refused.stderr.startswith("Error: ")
    user.runs("logserver", "search", "(a", code=2)
    user.runs("logserver", "search", "--no-such-option", code=2)


def test_what_is_derived_is_up_to_date() -> None:
    for path, text in derived().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is out of date: run python -m tests.examples"


def test_with_a_full_window_the_wait_is_told(user: User) -> None:
    with Wire(user.server) as wire:
        refusals = [wire.ask(request(EVENTS, "unknown", log_event("no"))) for _ in range(121)]
    assert [answer.status for answer in refusals] == [401] * 120 + [429]
    assert int(refusals[-1].headers["retry-after"]) >= 1
