import asyncio
from pathlib import Path

import pytest

from logserver.cli import main
from logserver.core import projects, tokens, viewers
from logserver.core.clock import SystemClock
from logserver.core.credentials import Credentials
from logserver.core.tokens import Credential
from logserver.store import database
from logserver.store.database import Database
from tests.cli.conftest import Shell


def credential(folder: Path, secret: str) -> Credential | None:
    with database.snapshot(folder) as tx:
        return tokens.find(tx, tokens.digest(secret))[0]


@pytest.mark.parametrize(
    ("kind", "begins"), [("project", "logister_"), ("edge", "lf_prod_"), ("read", "logister_cli_"), ("master", "mk_")]
)
def test_only_the_token_is_on_standard_output(shell: Shell, kind: str, begins: str) -> None:
    project = [] if kind == "master" else ["--project", "shop"]
    result = shell("token", "create", "app", "--kind", kind, *project)
    secret = result.stdout.removesuffix("\n")
    assert secret.startswith(begins)
    assert secret.split() == [secret]
    assert secret not in result.stderr
    found = credential(shell.folder, secret)
    assert found
    assert (found.kind, found.name) == (kind, "app")
    assert (found.project.slug if found.project else None) == (None if kind == "master" else "shop")


def test_json_says_all_of_it(shell: Shell) -> None:
    made = shell.json("token", "create", "app", "--project", "shop", "--expires", "2999-12-31T12:00+02:00")
    assert made == {
        "id": made["id"],
        "token": made["token"],
        "kind": "project",
        "name": "app",
        "project": "shop",
        "expires_at": "2999-12-31T10:00:00.000Z",
    }
    [listed] = shell.json("token", "list")
    assert {name: listed[name] for name in made if name != "token"} == {
        name: made[name] for name in made if name != "token"
    }
    assert made["token"].startswith(listed["prefix"])
    assert (listed["state"], listed["revoked_at"], listed["last_used_at"], listed["scopes"]) == (
        "active",
        None,
        None,
        [],
    )


def test_the_project_is_made_once_and_that_is_said(shell: Shell) -> None:
    assert "made project shop\n" in shell("token", "create", "a", "--project", "shop").stderr
    assert "made project shop\n" not in shell("token", "create", "b", "--project", "shop").stderr
    assert [each["slug"] for each in shell.json("project", "list")] == ["shop"]


@pytest.mark.parametrize(("expires", "ms"), [("90d", 90 * 86_400_000), ("12h", 43_200_000), ("30m", 1_800_000)])
def test_a_span_ends_that_long_from_now(shell: Shell, expires: str, ms: int) -> None:
    before = SystemClock().now_ms()
    secret = shell("token", "create", "app", "--project", "shop", "--expires", expires).stdout.strip()
    found = credential(shell.folder, secret)
    assert found
    assert found.expires_at
    assert before + ms <= found.expires_at <= SystemClock().now_ms() + ms


def test_a_date_ends_with_its_first_moment(shell: Shell) -> None:
    made = shell.json("token", "create", "app", "--project", "shop", "--expires", "2999-12-31")
    assert made["expires_at"] == "2999-12-31T00:00:00.000Z"


@pytest.mark.parametrize("named_by", ["id", "prefix", "token"])
def test_a_token_is_revoked_at_once_by_any_of_its_names(shell: Shell, named_by: str) -> None:
    made = shell.json("token", "create", "app", "--project", "shop")
    shell("token", "create", "other", "--project", "shop")
    which = made["token"][: len("logister_") + 4] if named_by == "prefix" else made[named_by]
    revoked = shell.json("token", "revoke", which)
    assert (revoked["id"], revoked["state"]) == (made["id"], "revoked")
    assert credential(shell.folder, made["token"]) is None
    assert [each["state"] for each in shell.json("token", "list")] == ["active", "revoked"]


def test_a_revoked_token_stays_as_it_was(shell: Shell) -> None:
    made = shell.json("token", "create", "app", "--kind", "master")
    first = shell.json("token", "revoke", made["id"])
    assert shell.json("token", "revoke", made["id"]) == first
    assert "revoked" in shell("token", "revoke", made["token"]).stderr


def test_a_mobile_token_is_not_listed_but_can_be_revoked(shop: Shell) -> None:
    with database.transaction(shop.folder) as tx:
        project = projects.by_slug(tx, "shop")
        issued = tokens.issue(tx, kind="mobile", name="phone", project=project, now_ms=0)
    assert shop.json("token", "list") == []
    assert shop.json("token", "revoke", issued.secret)["id"] == issued.id
    assert credential(shop.folder, issued.secret) is None


def test_a_new_viewer_key_ends_every_viewer_token(shop: Shell) -> None:
    secret = shop("token", "create", "app", "--project", "shop").stdout.strip()
    with database.transaction(shop.folder) as tx:
        key, project = tokens.find(tx, tokens.digest(secret))[0], projects.by_slug(tx, "shop")
        assert key
        minted = viewers.mint(tx, key, project, tenant_id="acme", seconds=60, tier=None, now_ms=0)
        assert viewers.find(tx, minted.token.encode(), 0)[0]
    result = shop("token", "rotate-viewer-key")
    assert not result.stdout
    assert "every viewer token made so far has ended" in result.stderr
    with database.snapshot(shop.folder) as tx:
        assert viewers.find(tx, minted.token.encode(), 0)[0] is None


def test_the_list_is_of_one_project_or_all_and_shows_no_secret(shell: Shell) -> None:
    secrets = [
        shell("token", "create", "a", "--project", "shop").stdout.strip(),
        shell("token", "create", "b", "--project", "bank").stdout.strip(),
        shell("token", "create", "c", "--kind", "master").stdout.strip(),
    ]
    assert [each["name"] for each in shell.json("token", "list")] == ["c", "b", "a"]
    assert [each["name"] for each in shell.json("token", "list", "--project", "shop")] == ["a"]
    shown = shell("token", "list").stdout
    assert len(shown.splitlines()) == 4
    assert not any(secret in shown for secret in secrets)


def test_an_expired_token_is_listed_as_such(shop: Shell) -> None:
    with database.transaction(shop.folder) as tx:
        project = projects.by_slug(tx, "shop")
        tokens.issue(tx, kind="project", name="old", project=project, now_ms=1, expires_at=2)
    assert [each["state"] for each in shop.json("token", "list")] == ["expired"]


def test_a_running_server_learns_of_it(shell: Shell) -> None:
    secret = shell("token", "create", "app", "--project", "shop").stdout.strip()

    def revoke() -> None:
        main(["token", "revoke", secret, "--data", str(shell.folder)], standalone_mode=False)

    async def served() -> list[bool]:
        clock = SystemClock()
        running = Database(shell.folder, now_ms=clock.now_ms, monotonic=clock.monotonic)
        await running.open()
        credentials = Credentials(running, clock)
        before = await credentials.find(secret.encode())
        await asyncio.to_thread(revoke)
        await credentials.watch()
        after = await credentials.find(secret.encode())
        await running.close()
        return [before is not None, after is not None]

    assert asyncio.run(served()) == [True, False]


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (1, "create app --project Shop"),
        (1, "create app --project 2f1f7a51-04b8-4a42-8a35-3a4b1a0c7b11"),
        (1, "revoke nope"),
        (1, "list --project nope"),
        (2, "create"),
        (2, "create app"),
        (2, "create app --kind edge"),
        (2, "create app --kind master --project shop"),
        (2, "create app --kind super --project shop"),
        (2, "create app --project shop --scope events:read"),
        (2, "create app --kind read --scope edge:stream"),
        (2, "create app --kind read --scope everything"),
        (2, "create app --project shop --expires soon"),
        (2, "create app --project shop --expires 90"),
        (2, "create app --project shop --expires 0d"),
        (2, "create app --project shop --expires 2020-01-01"),
        (2, "create app --project shop --expires 999999999w"),
        (2, "revoke"),
        (2, "create \udcff --project shop"),
    ],
)
def test_failing_is_one_and_wrong_usage_two(shop: Shell, code: int, arguments: str) -> None:
    result = shop("token", *arguments.split(), code=code)
    assert not result.stdout
    assert "Error: " in result.stderr
    assert [each["slug"] for each in shop.json("project", "list")] == ["shop"]
    assert shop.json("token", "list") == []


@pytest.mark.parametrize("spelling", ["logister_", "pk_", "ll_"])
def test_a_project_token_is_spelled_as_its_client_likes(shell: Shell, spelling: str) -> None:
    made = shell.json("token", "create", "app", "--project", "shop", "--spelling", spelling)
    assert made["token"].startswith(spelling)
    found = credential(shell.folder, made["token"])
    assert found
    assert (found.kind, found.logs_per_minute, found.logs_burst) == ("project", None, None)


def test_a_token_has_limits_of_its_own_for_logs(shell: Shell) -> None:
    made = shell.json("token", "create", "app", "--project", "shop", "--logs-per-minute", "6000", "--logs-burst", "100")

    def listed() -> tuple[int | None, int | None]:
        [each] = shell.json("token", "list")
        found = credential(shell.folder, made["token"])
        assert found
        assert (each["logs_per_minute"], each["logs_burst"]) == (found.logs_per_minute, found.logs_burst)
        return found.logs_per_minute, found.logs_burst

    assert listed() == (6_000, 100)
    changed = shell.json("token", "set", made["id"], "--logs-burst", "7")
    assert changed == {"id": made["id"], "logs_per_minute": 6_000, "logs_burst": 7}
    assert listed() == (6_000, 7)
    assert made["id"] in shell("token", "set", made["token"], "--default-logs-rate").stderr
    assert listed() == (None, None)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("set", "nothing", "--logs-burst", "7"), 1),
        (("set", "nothing"), 2),
        (("set", "nothing", "--logs-burst", "7", "--default-logs-rate"), 2),
        (("set", "nothing", "--logs-burst", "0"), 2),
        (("create", "app", "--kind", "master", "--logs-burst", "7"), 2),
        (("create", "app", "--kind", "edge", "--project", "shop", "--spelling", "ll_"), 2),
    ],
)
def test_what_is_no_limit_of_a_token_is_refused(shell: Shell, arguments: tuple[str, ...], code: int) -> None:
    shell("token", "create", "first", "--project", "shop")
    shell("token", *arguments, code=code)
    assert [each["logs_burst"] for each in shell.json("token", "list")] == [None]


def test_a_read_token_has_the_scopes_it_is_given_and_needs_no_project(shell: Shell) -> None:
    scopes = ["--scope", "events:read", "--scope", "errors:read"]
    shell("token", "create", "some", "--kind", "read", *scopes)
    shell("token", "create", "whole", "--kind", "read", "--project", "shop")
    whole, some = shell.json("token", "list")
    assert (some["name"], some["project"], some["scopes"]) == ("some", None, ["events:read", "errors:read"])
    assert (whole["project"], whole["scopes"]) == ("shop", list(tokens.READ_SCOPES))
