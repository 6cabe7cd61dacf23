"""A page of the store that cannot be read: what touches it says so and names the way out, and all else goes on."""

import shutil
from collections import Counter
from pathlib import Path
from time import time
from typing import Any
from uuid import UUID

import pytest

from logserver.core import projects, tokens
from logserver.store import index
from logserver.store.connections import FILE
from logserver.store.database import transaction
from logserver.store.upkeep import MERGE_EVERY
from tests.whole.damaging import damage
from tests.whole.process import Server, refused, serving, shell
from tests.whole.raw import BATCH, EVENTS, NDJSON, Answer, Wire, ask, audit_event, get, log_event, request
from tests.whole.shell import create_token

QUIET = ("--access-log", "off")
AT = "2026-01-26T14:30:00.000Z"
ERROR = {"event": {"event_type": "error", "message": "boom"}}
AUDIT = audit_event("acme", 1)
LINE = {"timestamp": AT, "level": "info", "message": "hello"}
FAILURE = {"timestamp": AT, "level": "error", "message": "boom", "error": {"type": "E", "message": "boom"}}
DOCTOR = "`logserver doctor`"

REFUSED = {
    "logister": ("error_groups", "project", EVENTS, ERROR),
    "logstitch": ("audit_heads", "project", "/api/v1/events", AUDIT),
    "logfleet": ("agents", "edge", "/api/v1/edge/register", {"name": "web-1"}),
    "luminalog": ("error_groups", "project", "/v1/logs", {"logs": [FAILURE]}),
}
"""A table that a request of each dialect needs, the kind of its token, and the request."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped store with several pages of events, and something of everything."""
    folder = tmp_path_factory.mktemp("filled")
    token = create_token(folder)
    with serving(folder, *QUIET) as server:
        for batch in range(6):
            lines = [
                log_event(f"line {batch} of many {number:04}{'x' * 200}", uuid=str(UUID(int=number, version=4)))
                for number in range(batch * 100 + 1, batch * 100 + 101)
            ]
            assert ask(server, request(BATCH, token, lines, media=NDJSON)).status == 202
        sent = [(EVENTS, ERROR), ("/api/v1/events", AUDIT), ("/v1/logs", {"logs": [LINE, FAILURE]})]
        assert {ask(server, request(path, token, body)).status for path, body in sent} <= {200, 201, 202}
        registered = request("/api/v1/edge/register", token_of(folder, "edge"), {"name": "web-1"})
        assert ask(server, registered).status in {200, 201}
        assert server.stop() == 0
    return folder


@pytest.fixture
def folder(filled: Path, tmp_path: Path) -> Path:
    """A copy of it to be damaged."""
    return Path(shutil.copytree(filled, tmp_path / "data"))


def token_of(folder: Path, kind: str = "project") -> str:
    with transaction(folder) as tx:
        owner = projects.by_slug(tx, "app")
        return tokens.issue(tx, kind=kind, name="test", project=owner, now_ms=int(time() * 1000)).secret


def asked(server: Server, path: str, token: str = "", **query: Any) -> Answer:
    with Wire(server) as wire:
        return get(wire, path, token, **query)


def warnings_of(server: Server) -> list[str]:
    return [line for line in server.log().splitlines() if " CRITICAL " in line]


def test_a_lost_page_of_events_is_named_and_all_else_goes_on(folder: Path) -> None:
    token, reader = token_of(folder), token_of(folder, "read")
    events = "/api/v1/cli/projects/app/events"
    damage(folder, "events")
    with serving(folder, *QUIET) as server:
        assert asked(server, events, reader, limit=5).status == 200
        for _ in range(3):
            old = asked(server, events, reader, q='"line 0"', limit=100)
            assert (old.status, old.json()["code"], old.headers["retry-after"]) == (503, "unavailable", "60"), old
            assert DOCTOR in old.json()["error"]
        assert ask(server, request(EVENTS, token, log_event("after"))).status == 201
        assert ask(server, request("/v1/logs", token, {"logs": [LINE]})).status in {200, 202}
        assert asked(server, events, reader, q='"after"').json()["items"]
        assert asked(server, "/readyz").status == 200
        (said,) = warnings_of(server)
        assert f"logserver doctor --data {folder}" in said
        code, shown, _ = shell(folder, "search", "after")
        assert (code, shown.count("\n")) == (0, 1)
        code, _, told = shell(folder, "search", '"line 0"', "--limit", "100")
        assert (code, told.count("\n")) == (1, 1)
        assert DOCTOR in told
        assert server.stop() == 0


def test_each_dialect_says_that_the_store_is_damaged(folder: Path) -> None:
    keys = {kind: token_of(folder, kind) for kind in ("project", "edge")}
    for table in {table for table, *_ in REFUSED.values()}:
        damage(folder, table)
    with serving(folder, *QUIET) as server:
        for dialect, (_, kind, path, body) in REFUSED.items():
            answer = ask(server, request(path, keys[kind], body))
            assert (answer.status, answer.headers["retry-after"]) == (503, "60"), (dialect, answer)
            assert DOCTOR in str(answer.json())
            assert ask(server, request(EVENTS, keys["project"], log_event("taken"))).status == 201
        assert len(warnings_of(server)) == 1
        assert server.stop() == 0


def within_a_merge(folder: Path) -> int:
    """A row in the middle of the largest part of the index, of which a merge is under way.

    What is added to the index lies elsewhere, as each part has a run of rows for itself.
    """
    with transaction(folder) as tx:
        tx.execute("INSERT INTO event_words (event_words, rank) VALUES ('usermerge', 2)")
        index.merge(tx, -1)
        rows = [int(row) for (row,) in tx.execute("SELECT id FROM event_words_data WHERE id >> 37 > 0 ORDER BY id")]
    ((part, _),) = Counter(row >> 37 for row in rows).most_common(1)
    own = [row for row in rows if row >> 37 == part]
    assert len(own) > 4
    return own[len(own) // 2]


def test_a_damaged_index_takes_in_events_and_is_merged_no_more(folder: Path) -> None:
    token, reader = token_of(folder), token_of(folder, "read")
    damage(folder, "event_words_data", row=within_a_merge(folder))
    with serving(folder, *QUIET) as server, Wire(server) as wire:
        answers = [wire.ask(request(EVENTS, token, log_event(f"after {n}"))) for n in range(3 * MERGE_EVERY)]
        assert [answer for answer in answers if answer.status != 201] == []
        assert asked(server, "/api/v1/cli/projects/app/events", reader, limit=5).status == 200
        words = [f"{number:04}{'x' * 200}" for number in range(1, 600, 10)]
        found = [get(wire, "/api/v1/cli/projects/app/events", reader, q=word).status for word in words]
        assert set(found) == {200, 503}
        assert len(warnings_of(server)) == 1
        assert server.stop() == 0


def test_a_store_that_cannot_be_opened_is_refused_in_a_line(folder: Path) -> None:
    with (folder / FILE).open("r+b") as file:
        file.write(b"\xff" * 512)
    code, said = refused(folder)
    assert (code, said.count("\n")) == (1, 1)
    assert DOCTOR in said


def test_damage_where_the_server_begins_is_refused_without_a_traceback(folder: Path) -> None:
    damage(folder, "recent_identities")
    code, said = refused(folder)
    assert code == 1, said
    assert said.count("\n") == 1, said
    assert DOCTOR in said
