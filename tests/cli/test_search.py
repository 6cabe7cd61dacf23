import uuid

import pytest

from logserver.cli.finder import PAGE_EVENTS
from logserver.core import projects
from logserver.store import database
from logserver.store.ids import uuid_text
from tests.cli.conftest import Shell
from tests.cli.stored import fill, happened

HOUR = 3_600_000


@pytest.fixture
def found(shell: Shell) -> Shell:
    """A store with two open projects, an archived one and the server's own."""
    for slug in ("shop", "bank", "gone"):
        shell("project", "create", slug)
    fill(
        shell.folder,
        "shop",
        happened("first", ago_ms=3 * HOUR, user_id=7),
        happened("timeout of the\npayment", ago_ms=2 * HOUR, level="error", kind="error", user_id=42),
        happened("last", user_id=42, environment="staging"),
    )
    fill(shell.folder, "bank", happened("vault", ago_ms=HOUR))
    fill(shell.folder, "gone", happened("forgotten"))
    shell("project", "archive", "gone")
    return shell


def messages(shell: Shell, *arguments: str) -> list[str]:
    return [line["message"].split()[0] for line in shell.lines("search", *arguments)]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["last", "vault", "timeout", "first"]),
        (["--limit", "2"], ["last", "vault"]),
        (["--limit", "0"], []),
        (["--project", "shop"], ["last", "timeout", "first"]),
        (["--project", "shop", "--project", "bank"], ["last", "vault", "timeout", "first"]),
        (["--project", "gone"], ["forgotten"]),
        (["level:error user_id:42 timeout", "--project", "shop"], ["timeout"]),
        (["user_id:42"], ["last", "timeout"]),
        (["-user_id:42"], ["vault", "first"]),
        (["-hello", "--project", "bank"], ["vault"]),
        (["--project", "bank", "--", "-hello"], ["vault"]),
        (["--since", "90m"], ["last", "vault"]),
        (["--until", "90m"], ["timeout", "first"]),
        (["--since", "150m", "--until", "30m"], ["vault", "timeout"]),
        (["--since", "2999-01-01"], []),
        (["--until", "2999-01-01T00:00:00+01:00", "user_id:7"], ["first"]),
        (["nothing"], []),
    ],
)
def test_a_search_finds_newest_first(found: Shell, arguments: list[str], expected: list[str]) -> None:
    assert messages(found, *arguments) == expected


def test_the_servers_own_project_is_searched_when_named(found: Shell) -> None:
    with database.transaction(found.folder) as tx:
        projects.ensure_own(tx, 0)
    fill(found.folder, "logserver", happened("refused"))
    assert "refused" not in messages(found)
    assert messages(found, "--project", "logserver") == ["refused"]


def test_a_line_of_json_is_the_whole_event(shop: Shell) -> None:
    own = uuid.uuid4()
    fill(
        shop.folder,
        "shop",
        happened("bad", kind="error", level="Critical", uuid=own.bytes, fingerprint="f", environment="live", n=[1.5]),
        happened("plain", ago_ms=1_000, timed_by_receipt=True),
    )
    error, log = shop.lines("search")
    assert list(error) == [
        *("id", "legacy_id", "project", "type", "level", "message", "occurred_at", "received_at", "environment"),
        *("fingerprint", "group", "context"),
    ]
    assert error["id"] == str(own)
    assert (error["project"], error["type"], error["level"], error["message"]) == ("shop", "error", "Critical", "bad")
    assert (error["environment"], error["fingerprint"]) == ("live", "f")
    assert error["context"] == {"environment": "live", "n": [1.5]}
    assert error["occurred_at"] == error["received_at"]
    assert error["occurred_at"].endswith("Z")
    assert uuid.UUID(error["group"]).version == 8
    assert shop.lines("search", f"group:{error['group']}") == [error]
    assert log["timed_by_receipt"] is True
    assert uuid.UUID(log["id"]).version == 7
    assert 0 < log["legacy_id"] < 2**53
    assert log["environment"] is None
    assert not {"fingerprint", "group"} & set(log)


def test_a_line_for_people_cannot_command_the_terminal(shop: Shell) -> None:
    fill(
        shop.folder,
        "shop",
        happened("\x1b]0;x\x07 first\nsecond", level="war\x1b", user_id="a\tb", duration_ms=12.5, environment="live"),
        happened("", ago_ms=1_000),
    )
    first, second = shop("search").stdout.splitlines()
    assert first.isprintable()
    assert "shop log" in first
    assert " first  environment=live  duration_ms=12.5  user_id=a b" in first
    assert "second" not in first
    assert second.endswith("(no message)")


def test_more_than_a_page_comes_in_one_order(shop: Shell) -> None:
    n = 2 * PAGE_EVENTS + 3
    fill(shop.folder, "shop", *(happened("x", ago_ms=number, n=number) for number in range(n)))
    shown = [line["context"]["n"] for line in shop.lines("search", "--limit", "5000")]
    assert sorted(shown) == list(range(n))
    times = [line["occurred_at"] for line in shop.lines("search", "--limit", str(n - 1))]
    assert len(times) == n - 1
    assert times == sorted(times, reverse=True)


def test_time_that_is_up_is_said_and_is_a_failure(shop: Shell) -> None:
    fill(shop.folder, "shop", *(happened("x", ago_ms=number, n=number) for number in range(500)))
    result = shop("search", "n:<0", "--timeout", "0.000000001", code=1)
    assert not result.stdout
    assert "older matches are missing" in result.stderr
    assert shop("search", "n:<0").stderr == "nothing was found\n"


@pytest.mark.parametrize(
    ("query", "column"),
    [
        ('level:error "open', 12),
        ("(a b", 0),
        ("a b)", 3),
        ("duration_ms:>fast", 13),
        ("世界 )", 5),
        ("a\tOR", 4),
        ("-x:", 3),
    ],
)
def test_a_query_that_is_none_is_shown_with_a_caret(shell: Shell, query: str, column: int) -> None:
    result = shell("search", query, code=2)
    error, shown, caret = result.stderr.splitlines()
    assert error.startswith("Error: ")
    assert shown == "  " + query.replace("\t", " ")
    assert caret == " " * (2 + column) + "^"
    assert not result.stdout


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (1, ["--project", "nope"]),
        (2, ["a", "b"]),
        (2, ["--projct", "shop"]),
        (2, ["--limit", "-1"]),
        (2, ["--limit", "many"]),
        (2, ["--timeout", "0"]),
        (2, ["--since", "yesterday"]),
        (2, ["--since", "99999999w"]),
        (2, ["--since", "1h", "--until", "2h"]),
    ],
)
def test_failing_is_one_and_wrong_usage_two(shop: Shell, code: int, arguments: list[str]) -> None:
    result = shop("search", *arguments, code=code)
    assert not result.stdout
    assert "Error: " in result.stderr


def test_both_spellings_ask_for_help(shell: Shell) -> None:
    assert shell("search", "-h").stdout == shell("search", "--help").stdout
    assert not shell.folder.exists()


def test_without_a_store_it_says_how_to_get_one(shell: Shell) -> None:
    assert "logserver serve" in shell("search", code=1).stderr


def test_the_id_is_the_one_the_sender_was_given(shop: Shell) -> None:
    raw = uuid.uuid4().bytes
    fill(shop.folder, "shop", happened("x", uuid=raw))
    assert shop.lines("search")[0]["id"] == uuid_text(raw)
