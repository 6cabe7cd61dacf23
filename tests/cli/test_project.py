import uuid

import pytest

from tests.cli.conftest import Shell
from tests.cli.stored import fill, happened


def test_a_project_is_made_and_listed(shell: Shell) -> None:
    made = shell.json("project", "create", "shop", "--name", "The shop", "--retention-days", "7")
    assert uuid.UUID(made["id"]).version == 4
    assert made["created_at"].endswith("Z")
    assert (made["slug"], made["name"], made["retention_days"]) == ("shop", "The shop", 7)
    assert (made["archived_at"], made["rate_limit"], made["system"]) == (None, None, False)
    assert shell.json("project", "list") == [made | {"events": 0, "bytes_this_month": 0}]


def test_what_is_done_is_said_to_the_person_only(shell: Shell) -> None:
    for arguments in (("create",), ("set", "--name", "x"), ("archive",), ("restore",)):
        result = shell("project", arguments[0], "shop", *arguments[1:])
        assert not result.stdout
        assert "shop" in result.stderr


def test_the_list_counts_events_and_shows_a_line_each(shop: Shell) -> None:
    shop("project", "create", "bank", "--name", "\x1b[2J", code=1)
    shop("project", "create", "bank", "--name", "世界")
    fill(shop.folder, "shop", happened("one"), happened("two"))
    assert [(each["slug"], each["events"]) for each in shop.json("project", "list")] == [("bank", 0), ("shop", 2)]
    head, bank, shop_line = shop("project", "list").stdout.splitlines()
    # Wide characters take two columns, so the next cell begins one character earlier for each.
    assert bank.index("30 days") == shop_line.index("30 days") - 2
    assert head.index("RETENTION") == shop_line.index("30 days")


def test_archive_revokes_and_restore_opens_again(shop: Shell) -> None:
    shop("token", "create", "app", "--project", "shop")
    assert shop.json("project", "archive", "shop")["archived_at"].endswith("Z")
    assert [each["state"] for each in shop.json("token", "list")] == ["revoked"]
    assert "archived" in shop("project", "list").stdout
    assert "restore" in shop("token", "create", "app", "--project", "shop", code=1).stderr
    assert shop.json("project", "restore", "shop")["archived_at"] is None
    assert [each["state"] for each in shop.json("token", "list")] == ["revoked"]
    shop("token", "create", "app", "--project", "shop")


def test_what_is_set_changes_and_the_rest_stays(shop: Shell) -> None:
    assert shop.json("project", "set", "shop", "--name", "Shop")["retention_days"] == 30
    changed = shop.json("project", "set", "shop", "--retention-days", "3", "--rate-limit", "5000/60")
    assert (changed["name"], changed["retention_days"]) == ("Shop", 3)
    assert changed["rate_limit"] == {"requests": 5000, "seconds": 60}
    assert shop.json("project", "set", "shop", "--default-rate-limit")["rate_limit"] is None


def test_audit_events_are_kept_for_ever_or_for_days(shop: Shell) -> None:
    assert shop.json("project", "list")[0]["audit_retention_days"] is None
    assert "for ever" in shop("project", "list").stdout
    assert shop.json("project", "set", "shop", "--audit-retention-days", "9")["audit_retention_days"] == 9
    assert "9 days" in shop("project", "list").stdout
    assert shop.json("project", "set", "shop", "--keep-audit")["audit_retention_days"] is None


@pytest.mark.parametrize(
    ("given", "covered"),
    [
        ("logister", ["logister", "logstitch"]),
        ("logstitch, logister,logstitch", ["logister", "logstitch"]),
        ("", ["logstitch"]),
    ],
)
def test_the_dialects_that_redaction_covers_are_named_those_of_audit_events_always(
    shop: Shell, given: str, covered: list[str]
) -> None:
    assert shop.json("project", "list")[0]["redact_dialects"] == ["logstitch"]
    assert shop.json("project", "set", "shop", "--redact-dialects", given)["redact_dialects"] == covered
    assert shop.json("project", "list")[0]["redact_dialects"] == covered


def test_a_project_is_also_named_by_its_id(shop: Shell) -> None:
    [listed] = shop.json("project", "list")
    assert shop.json("project", "archive", listed["id"])["slug"] == "shop"


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (1, "create shop"),
        (1, "create Shop"),
        (1, "create x --retention-days 0"),
        (1, "set shop --retention-days 36501"),
        (1, "set shop --rate-limit 0/60"),
        (1, "set nope --name x"),
        (1, "set shop --audit-retention-days 0"),
        (1, "set shop --redact-dialects logister,latin"),
        (1, "archive nope"),
        (1, "restore nope"),
        (2, "create"),
        (2, "create x --retention-days long"),
        (2, "set shop"),
        (2, "set shop --rate-limit 5000"),
        (2, "set shop --rate-limit 5000/"),
        (2, "set shop --rate-limit -1/60"),
        (2, "set shop --rate-limit 1/60 --default-rate-limit"),
        (2, "set shop --audit-retention-days 3 --keep-audit"),
        (2, "rename shop"),
        (2, ""),
    ],
)
def test_failing_is_one_and_wrong_usage_two(shop: Shell, code: int, arguments: str) -> None:
    result = shop("project", *arguments.split(), code=code)
    assert not result.stdout
    assert result.stderr


@pytest.mark.parametrize("arguments", ["list", "archive shop", "restore shop", "set shop --name x"])
def test_a_mistyped_folder_does_not_become_a_store(shell: Shell, arguments: str) -> None:
    result = shell("project", *arguments.split(), code=1)
    assert f"logserver serve --data {shell.folder}" in result.stderr
    assert not shell.folder.exists()


def test_a_quota_is_set_shown_and_removed(shop: Shell) -> None:
    assert shop.json("project", "list")[0]["monthly_bytes"] is None
    assert shop.json("project", "set", "shop", "--monthly-bytes", "5000")["monthly_bytes"] == 5_000
    assert "0 of 5,000" in shop("project", "list").stdout
    assert shop.json("project", "set", "shop", "--name", "Shop")["monthly_bytes"] == 5_000
    assert shop.json("project", "set", "shop", "--unlimited-bytes")["monthly_bytes"] is None


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--monthly-bytes", "0"), 1), (("--monthly-bytes", "1", "--unlimited-bytes"), 2)],
)
def test_what_is_no_quota_is_refused(shop: Shell, arguments: tuple[str, ...], code: int) -> None:
    shop("project", "set", "shop", *arguments, code=code)
    assert shop.json("project", "list")[0]["monthly_bytes"] is None
