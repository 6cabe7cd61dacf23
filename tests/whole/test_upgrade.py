"""Stores of every release, as their own programs left them, served by this one."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from logserver.store.connections import connect_readonly
from logserver.store.migrations import newest, version
from tests.store.released.book import BESIDE, EMAIL, PASSWORD, RELEASES, STREAM, Book, read, unpack
from tests.whole.process import serving, shell
from tests.whole.raw import EVENTS, Wire, ask, get, log_event, request
from tests.whole.shell import found
from tests.whole.verify import verify
from tests.whole.visiting import Visitor

PAGES = ("/projects", "/server", "/agents", "/users")
PROJECT_PAGES = ("inbox", "logs", "performance", "traces", "metrics", "monitors", "audit", "alerts", "settings")


def test_there_is_a_store_of_every_release() -> None:
    assert RELEASES[:4] == [1, 2, 3, 4]
    assert [read(schema).schema for schema in RELEASES] == RELEASES


@pytest.mark.parametrize("schema", RELEASES)
def test_a_store_of_a_release_is_served(schema: int, tmp_path: Path) -> None:
    folder, copies = tmp_path / "data", tmp_path / "copies"
    book = unpack(schema, folder)
    options = ("--access-log", "off", "--backup-before-upgrade", str(copies))
    with serving(folder, *options) as server, Wire(server) as wire:
        visitor = Visitor(server)
        for page in (*PAGES, *(f"/p/{slug}/{name}" for slug in ("app", BESIDE) for name in PROJECT_PAGES)):
            assert (visitor.sees(page)[0], page) == (200, page)
        everything = {token: searched(wire, book.tokens[token]) for token in ("app", "project")}
        assert sum(map(len, everything.values())) == book.events
        for token, listed in everything.items():
            kinds = {each["type"] for each in listed}
            assert kinds >= {"error", "log", "metric", "transaction", "span", "check_in"}
            for kind in kinds:
                wanted = [each for each in listed if each["type"] == kind]
                assert searched(wire, book.tokens[token], q=f"type:{kind}") == wanted
        assert ask(server, request(EVENTS, book.tokens["project"], log_event("after the upgrade"))).status == 201
        assert len(searched(wire, book.tokens["project"], q='"after the upgrade"')) == 1
        if schema >= 2:
            claimed = ask(
                server,
                request("/api/v1/streams/claim", book.tokens["master"], {"claim_token": STREAM, "project_id": BESIDE}),
            )
            assert (claimed.status, claimed.json()["event_count"]) == (200, 1)
        if schema >= 3:
            login = ask(server, request("/api/v1/auth/login", "", {"email": EMAIL, "password": PASSWORD}))
            assert login.status == 200
            assert get(wire, "/api/v1/agents", login.json()["token"]).json()["items"][0]["name"] == "web-1"
            assert get(wire, "/api/v1/metric-configs", login.json()["token"]).json()["items"][0]["name"] == "web"
        assert server.stop() == 0
        assert "ERROR" not in server.log()
    code, said, told = shell(folder, "audit", "verify")
    assert (code, "audit events" in told) == (0, schema == 1), said + told
    assert len(found(folder, "after the upgrade")) == 1
    assert_verified(folder, book)
    assert_copied(copies, book)


def searched(wire: Wire, token: str, **query: Any) -> list[dict[str, Any]]:
    """Every event of a token's project that a query finds."""
    slug = get(wire, "/api/v1/cli/projects", token).json()["items"][0]["slug"]
    items: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        at = {"cursor": cursor} if cursor else {}
        page = get(wire, f"/api/v1/cli/projects/{slug}/events", token, limit=100, **query, **at).json()
        items += page["items"]
        cursor = page["next_cursor"]
    return items


def assert_verified(folder: Path, book: Book) -> None:
    """Everything that was answered is there, and all agrees."""
    with closing(connect_readonly(folder)) as connection:
        assert version(connection) == newest()
    verify(folder, book.parcels, beside=BESIDE, unknown=frozenset({"span_kind"} if book.schema < 4 else ()))


def assert_copied(copies: Path, book: Book) -> None:
    """The store was copied as it was, if it was changed at all."""
    made = list(copies.glob("*"))
    assert len(made) == (book.schema < newest())
    for copy in made:
        assert copy.name.startswith(f"logserver-schema{book.schema}-")
        assert copy.stat().st_mode & 0o777 == 0o600
        with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro", uri=True)) as connection:
            assert version(connection) == book.schema
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
