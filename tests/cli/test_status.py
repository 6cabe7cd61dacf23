import json
import os

import pytest

from logserver.core import projects, status
from logserver.core.clock import SystemClock
from logserver.core.fleet import agents, presence
from logserver.core.fleet.presence import Heartbeat
from logserver.core.jobs import Record
from logserver.core.monitors import CheckIn
from logserver.core.status import Report
from logserver.core.trimming import Standing
from logserver.store import connections, database, lockfile, migrations
from tests.cli.conftest import Shell
from tests.cli.stored import fill, happened

MINUTE = 60_000


def report(**changes: object) -> Report:
    now = SystemClock().now_ms()
    usual: dict[str, object] = {
        "pid": 4321,
        "version": "9.9",
        "started_at": now - 2 * 60 * MINUTE,
        "at": now,
        "queued_rows": 12,
        "queued_bytes": 3_400,
        "refusing": None,
        "commits": 77,
        "commit_ms_median": 0.5,
        "commit_ms_p99": 2.5,
        "checkpoint_age_seconds": 90.0,
        "log_pages": 8,
        "jobs": {"tidy": Record(passes=3, failures=1, last_ms=now, lateness=0.5, last_error="OSError: no")},
    }
    return Report(**usual | changes)  # type: ignore[arg-type] # a report in which each case changes a field


@pytest.fixture
def served(shop: Shell) -> Shell:
    fill(
        shop.folder,
        "shop",
        happened("boom", kind="error", level="error", ago_ms=MINUTE),
        happened("backup", kind="check_in"),
        check_ins={1: CheckIn("backup", "production", "error", SystemClock().now_ms())},
    )
    with database.transaction(shop.folder) as tx:
        shop_project = projects.by_slug(tx, "shop")
        web, _ = (agents.create(tx, name=name, project=shop_project, now_ms=0) for name in ("web", "new"))
        presence.beat(tx, web, Heartbeat(), 0)
    shop("project", "create", "bank")
    shop("token", "create", "app", "--project", "bank")
    shop("token", "create", "all", "--kind", "master")
    return shop


def test_without_a_store_it_says_how_to_get_one(shell: Shell) -> None:
    result = shell("status", code=1)
    assert f"logserver serve --data {shell.folder}" in result.stderr
    assert not shell.folder.exists()


def test_without_a_server_the_store_still_answers(served: Shell) -> None:
    status.write(served.folder, report())
    shown = served.json("status")
    assert (shown["running"], shown["server"]) == (False, None)
    assert (shown["data"], shown["schema"], shown["events"]) == (str(served.folder), len(migrations.scripts()), 2)
    assert shown["sizes"]["logserver.db"] > 0
    assert shown["disk_free"] > 0
    bank, shop = shown["projects"]
    assert (bank["slug"], bank["events"], bank["oldest"], bank["newest"]) == ("bank", 0, None, None)
    assert (shop["slug"], shop["events"], shop["archived"]) == ("shop", 2, False)
    assert (shown["oldest"], shown["newest"]) == (shop["oldest"], shop["newest"])
    assert shop["oldest"] < shop["newest"]
    assert shown["active_tokens"] == {"master": 1, "project": 1}
    assert shown["agents"] == {"online": 1, "unknown": 1}
    assert shown["monitors"] == {"error": 1}
    assert shown["error_groups"] == {"unresolved": 1}
    text = served("status").stdout
    assert "not running" in text
    assert "1 error" in text
    assert "1 online, 1 unknown" in text


def test_beside_a_server_its_report_is_shown(served: Shell) -> None:
    lock = lockfile.lock(served.folder)
    try:
        assert "not heard of yet" in served("status").stdout
        status.write(served.folder, report(refusing="the disk is full", damage="a page is malformed"))
        shown = served.json("status")
        text = served("status").stdout
    finally:
        os.close(lock)
    assert shown["running"] is True
    server = shown["server"]
    assert (server["pid"], server["queued_rows"], server["stale"]) == (4321, 12, False)
    assert server["jobs"]["tidy"]["failures"] == 1
    assert server["checkpoint_at"] < server["at"]
    for part in (
        "up 2 h",
        "12 events, 3.4 kB",
        "77, median 0.5 ms",
        "1 m 30 s ago",
        "1 failed",
        "OSError: no",
        "full",
        "malformed",
    ):
        assert part in text


def test_the_size_it_may_have_is_shown(served: Shell) -> None:
    room = Standing(20_000_000_000, 19_500_000_000, 400_000_000, stuck=True, trimming=True, cut_ms=1_790_000_000_000)
    lock = lockfile.lock(served.folder)
    try:
        status.write(served.folder, report(room=room))
        shown = served.json("status")["server"]["room"]
        text = served("status").stdout
        status.write(served.folder, report())
        assert "limit " not in served("status").stdout
    finally:
        os.close(lock)
    assert (shown["limit"], shown["used"], shown["cut"]) == (20_000_000_000, 19_500_000_000, "2026-09-21T14:13:20.000Z")
    assert (
        "19.5 GB of 20 GB used; the oldest events are being deleted; nothing is left that may be deleted;"
        " what is older than 2026-09-21T14:13:20.000Z went for want of room"
    ) in text


def test_a_report_that_is_old_is_called_so(served: Shell) -> None:
    lock = lockfile.lock(served.folder)
    try:
        old = report(at=SystemClock().now_ms() - 10 * MINUTE, commit_ms_median=None, checkpoint_age_seconds=None)
        status.write(served.folder, old)
        assert served.json("status")["server"]["stale"] is True
        text = served("status").stdout
    finally:
        os.close(lock)
    assert "last reported 10 m ago" in text
    assert "none yet" in text


def test_a_supervisor_is_told_whether_a_server_works(served: Shell) -> None:
    now = SystemClock().now_ms()
    status.write(served.folder, report())
    assert "no server" in served("status", "--check", code=1).stderr
    lock = lockfile.lock(served.folder)
    try:
        assert served("status", "--check").stdout == "ok\n"
        status.write(served.folder, report(refusing="the disk is full"))
        assert served("status", "--check").stdout == "ok\n"
        status.write(served.folder, report(at=now - MINUTE))
        assert "15 seconds" in served("status", "--check", code=1).stderr
        status.remove(served.folder)
        assert "has not reported" in served("status", "--check", code=1).stderr
    finally:
        os.close(lock)


def test_an_empty_store_has_nothing_to_count(shop: Shell) -> None:
    shown = shop.json("status")
    assert (shown["events"], shown["oldest"], shown["newest"]) == (0, None, None)
    assert "monitors       none" in shop("status").stdout


@pytest.mark.parametrize("damage", ["no database", "foreign", "newer", "older"])
@pytest.mark.parametrize("command", ["status", "project list", "search", "token list"])
def test_what_is_no_store_of_ours_is_refused_in_a_line(shop: Shell, damage: str, command: str) -> None:
    if damage == "no database":
        (shop.folder / connections.FILE).write_bytes(b"something else entirely" * 100)
    else:
        with database.transaction(shop.folder) as tx:
            tx.execute(
                {
                    "foreign": "PRAGMA application_id = 1",
                    "newer": "INSERT INTO migrations VALUES (999, 'x', 'x')",
                    "older": "DELETE FROM migrations",
                }[damage]
            )
    result = shop(*command.split(), code=1)
    assert len(result.stderr.splitlines()) == 1
    assert not result.stdout


def test_json_is_one_document(shop: Shell) -> None:
    assert json.loads(shop("status", "--json").stdout)["data"]
