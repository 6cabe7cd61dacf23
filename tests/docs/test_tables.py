"""The README's tables: what is documented is true, and what there is is documented."""

import re
from typing import Any
from uuid import uuid4

import click
import pytest

from logserver.cli import main
from logserver.contracts.logister import mobile
from logserver.core import tokens, viewers
from logserver.core.people import sessions
from logserver.core.projects import DEFAULT_RETENTION_DAYS
from logserver.settings import Settings
from logserver.store import syntax
from logserver.store.words import MAX_VALUE
from tests.benchmarks.__main__ import FIGURES
from tests.docs.user import User, readme, table
from tests.examples import derived, endpoints
from tests.whole.raw import BATCH, EVENTS, Wire, log_event, request

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
        "project token": [tokens.PREFIXES["project"], tokens.LOG_PREFIX],
        "project key": [*tokens.KEY_PREFIXES.values()],
        "master key": [tokens.PREFIXES["master"]],
        "mobile token": [tokens.MOBILE_PREFIX],
        "viewer token": [viewers.PREFIX],
        "edge token": [tokens.PREFIXES["edge"]],
        "read token": [tokens.PREFIXES["read"]],
        "user": ["eyJ"],
    }
    assert (mobile.LONGEST, viewers.LONGEST, sessions.SECONDS) == (3_600, 86_400, 86_400)
    assert sessions.is_one(b"eyJ")


def test_what_makes_each_kind_of_token_is_there(user: User) -> None:
    endpoints_there = {f"{endpoint.method} {endpoint.public_path()}" for endpoint in endpoints()}
    for _, prefixes, made_by, _ in table("Kind | Begins"):
        for way in made_by.split("`, `"):
            if way.startswith("logserver"):
                assert user.types(way).startswith(prefixes.split("`")[0])
            else:
                assert way in endpoints_there


def test_exit_codes(user: User) -> None:
    assert [row[0] for row in table("Exit code")] == ["0", "1", "2", "70", "130, 143"]
    user.runs("logserver", "search", code=0)
    refused = user.runs("logserver", "search", "--data", str(user.home / "nowhere"), code=1)
    assert refused.stderr.startswith("Error: ")
    user.runs("logserver", "search", "(a", code=2)
    user.runs("logserver", "search", "--no-such-option", code=2)


def test_every_kind_of_credential_of_the_routes_is_in_the_table() -> None:
    spoken = {kind for endpoint in endpoints() for kind in endpoint.auth.spoken()}
    # A project key does whatever a project token does; an admin is a user.
    assert spoken == {kind for kind, *_ in table("Kind | Begins")} - {"project key"} | {"admin"}


def test_every_figure_that_is_named_can_be_measured() -> None:
    measured = readme().partition("## Measured\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", measured))
    assert named
    assert named <= set(FIGURES)


def test_what_is_derived_is_up_to_date() -> None:
    for path, text in derived().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is out of date: run python -m tests.examples"


def test_with_a_full_window_the_wait_is_told(user: User) -> None:
    with Wire(user.server) as wire:
        refusals = [wire.ask(request(EVENTS, "unknown", log_event("no"))) for _ in range(121)]
    assert [answer.status for answer in refusals] == [401] * 120 + [429]
    assert int(refusals[-1].headers["retry-after"]) >= 1
