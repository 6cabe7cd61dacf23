import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from logserver.store import connections, database, lockfile
from tests.cli.conftest import Shell, Start
from tests.cli.stored import fill, happened


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "logserver", *arguments],
        env=os.environ | {"LOGSERVER_DATA": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def read(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout
    line: dict[str, Any] = json.loads(process.stdout.readline())
    return line


def interrupted(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    return process.returncode, out, err


def test_the_answer_is_on_one_stream_and_the_talk_on_the_other(shell: Shell) -> None:
    made = run(shell.folder, "token", "create", "my-app", "--project", "shop", "--expires", "90d")
    assert made.returncode == 0
    assert len(made.stdout.split()) == 1
    assert "made project shop" in made.stderr
    assert made.stdout.strip() not in made.stderr
    failed = run(shell.folder, "project", "create", "shop")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == "Error: there is a project 'shop' already\n"
    wrong = run(shell.folder, "search", "(a")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.endswith("\n  (a\n  ^\n")


def test_following_shows_what_was_and_what_comes_across_restarts(shop: Shell, start: Start) -> None:
    fill(shop.folder, "shop", happened("one", n=1), happened("two", n=2), happened("other"))
    process = start(shop.folder, "search", "n:*", "--follow", "--json", "--limit", "1")
    assert read(process)["message"] == "two"
    # Each of these is a store that opens, takes an event and closes: a server that starts and stops.
    fill(shop.folder, "shop", happened("other"), happened("three", n=3))
    assert read(process)["message"] == "three"
    fill(shop.folder, "shop", happened("late", ago_ms=86_400_000, n=4))
    assert read(process)["message"] == "late"
    shop("project", "create", "bank")
    fill(shop.folder, "bank", happened("new project", n=5))
    assert read(process)["project"] == "bank"
    assert interrupted(process) == (0, "", "")


def test_following_a_store_that_has_seen_no_server(shop: Shell, start: Start) -> None:
    process = start(shop.folder, "search", "--follow", "--json")
    fill(shop.folder, "shop", happened("first of all"))
    event = read(process)
    assert event["message"] == "first of all"
    assert shop.lines("search") == [event]
    assert interrupted(process) == (0, "", "")


def test_following_a_store_that_goes_away_fails(shop: Shell, start: Start) -> None:
    fill(shop.folder, "shop", happened("one"))
    process = start(shop.folder, "search", "--follow", "--json")
    assert read(process)["message"] == "one"
    (shop.folder / connections.FILE).rename(shop.folder / "elsewhere")
    _, err = process.communicate()
    assert process.returncode == 1
    # The second where it goes between the look whether it is there and the reading of it.
    assert err.startswith(("Error: there is no store in", "Error: the store cannot be used: "))


def test_following_for_people(shop: Shell, start: Start) -> None:
    fill(shop.folder, "shop", happened("older", ago_ms=1), happened("newer"))
    process = start(shop.folder, "search", "--follow", "--project", "shop")
    assert process.stdout
    assert "older" in process.stdout.readline()
    assert "newer" in process.stdout.readline()
    assert interrupted(process) == (0, "", "")


def test_a_reader_who_has_seen_enough_ends_it_quietly(shop: Shell, start: Start) -> None:
    fill(shop.folder, "shop", *(happened("x" * 200, n=n) for n in range(1_000)))
    process = start(shop.folder, "search", "--limit", "1000", "--json")
    assert read(process)["project"] == "shop"
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.stderr.read() == ""


def test_the_first_commands_on_a_folder_may_come_at_once(shell: Shell) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda n: run(shell.folder, "token", "create", f"app-{n}", "--project", "shop"), range(4)))
    assert [each.returncode for each in made] == [0] * 4, [each.stderr for each in made]
    assert len(shell.json("token", "list")) == 4


@pytest.mark.parametrize("why", ["served", "foreign", "a file"])
def test_a_server_that_cannot_start_says_why_in_a_line(shop: Shell, why: str) -> None:
    held = lockfile.lock(shop.folder) if why == "served" else None
    folder = shop.folder
    try:
        if why == "foreign":
            with database.transaction(shop.folder) as tx:
                tx.execute("PRAGMA application_id = 1")
        elif why == "a file":
            folder = shop.folder / connections.FILE / "under"
        result = run(folder, "serve", "--port", "0")
    finally:
        if held is not None:
            os.close(held)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1
