"""People from the shell: made and invited, kept out and let in, and never without an admin."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from logserver.core.clock import SystemClock
from logserver.core.people import accounts, links, sessions
from logserver.store.database import snapshot, transaction
from tests.cli.conftest import Shell

ADA = "ada@example.com"


@pytest.fixture
def house(shell: Shell) -> Shell:
    """Two people: Ada, an admin, and Bob, a member."""
    shell("user", "create", ADA)
    shell("user", "create", "bob@example.com")
    return shell


def owner(shell: Shell, link: str) -> str | None:
    """Whose link it is, as long as it works."""
    (token,) = parse_qs(urlsplit(link).query)["token"]
    with snapshot(shell.folder) as tx:
        number = links.owner(tx, token, SystemClock().now_ms())
        return accounts.by_number(tx, number).email if number is not None else None


def roles(shell: Shell) -> dict[str, tuple[str, str]]:
    return {each["email"]: (each["role"], each["state"]) for each in shell.json("user", "list")}


@pytest.mark.parametrize("command", ["create", "reset-password"])
def test_a_link_to_set_the_password_is_all_there_is_on_standard_output(house: Shell, command: str) -> None:
    email = "carol@example.com" if command == "create" else ADA
    result = house("user", command, email)
    link = result.stdout.removesuffix("\n")
    assert re.fullmatch(r"http://localhost:8080/reset-password\?token=[\w-]{32}", link)
    assert owner(house, link) == email
    assert link.partition("token=")[2] not in result.stderr
    assert "curl http://localhost:8080/api/v1/auth/reset-password" in result.stderr


def test_the_link_begins_as_people_reach_the_server(house: Shell) -> None:
    named = house("user", "reset-password", ADA, "--public-url", "https://logs.example.org/").stdout
    assert named.startswith("https://logs.example.org/reset-password?token=")
    known = house("user", "reset-password", ADA, env={"LOGSERVER_PUBLIC_URL": "https://logs.example.org"}).stdout
    assert known.startswith("https://logs.example.org/reset-password?token=")


def test_json_says_all_of_it(shell: Shell) -> None:
    made = shell.json("user", "create", "Ada@Example.com", "--name", "Ada Lovelace")
    assert made["link"].endswith(f"?token={made['token']}")
    assert owner(shell, made["link"]) == ADA
    [listed] = shell.json("user", "list")
    assert listed | {"link": made["link"], "token": made["token"], "expires_at": made["expires_at"]} == made
    assert (listed["name"], listed["role"], listed["state"]) == ("Ada Lovelace", "admin", "invited")
    assert listed["last_login_at"] is listed["disabled_at"] is None


def test_the_first_is_an_admin_and_later_ones_members_unless_told(house: Shell) -> None:
    house("user", "create", "carol@example.com", "--role", "admin")
    assert roles(house) == {
        ADA: ("admin", "invited"),
        "bob@example.com": ("member", "invited"),
        "carol@example.com": ("admin", "invited"),
    }


def test_the_organization_is_made_once(shell: Shell) -> None:
    shell("user", "create", ADA, "--organization", "Analytical Engines")
    shell("user", "create", "bob@example.com", "--organization", "Mine now")
    with snapshot(shell.folder) as tx:
        organization = accounts.organization(tx)
        assert organization is not None
        assert organization.slug == "analytical-engines"


def test_a_user_of_the_shell_ends_the_setup_token(shell: Shell) -> None:
    with transaction(shell.folder) as tx:
        token = links.issue_setup(tx, SystemClock().now_ms()).token
    shell("user", "create", ADA)
    with snapshot(shell.folder) as tx:
        assert not links.is_setup(tx, token, SystemClock().now_ms())


def test_who_is_disabled_is_out_at_once_and_may_come_back(house: Shell) -> None:
    link = house("user", "reset-password", "bob@example.com").stdout.strip()
    with transaction(house.folder) as tx:
        now = SystemClock().now_ms()
        session = sessions.issue(tx, accounts.by_email(tx, "bob@example.com"), now).encode()
        accounts.record_login(tx, accounts.by_email(tx, "bob@example.com"), now, "hash")
    assert house.json("user", "disable", "BOB@example.com")["state"] == "disabled"
    with snapshot(house.folder) as tx:
        assert sessions.find(tx, session, SystemClock().now_ms())[0] is None
    assert owner(house, link) is None
    assert "disabled" in house("user", "reset-password", "bob@example.com", code=1).stderr
    assert "enabled bob@example.com" in house("user", "enable", "bob@example.com").stderr
    assert roles(house)["bob@example.com"] == ("member", "active")
    with snapshot(house.folder) as tx:
        assert sessions.find(tx, session, SystemClock().now_ms())[0] is None


def test_there_is_always_an_admin(house: Shell) -> None:
    for command in (("disable", ADA), ("role", ADA, "member")):
        assert "last active admin" in house("user", *command, code=1).stderr
    assert roles(house)[ADA] == ("admin", "invited")
    house("user", "role", "bob@example.com", "admin")
    house("user", "role", ADA, "member")
    house("user", "role", ADA, "admin")
    house("user", "disable", ADA)
    assert "last active admin" in house("user", "disable", "bob@example.com", code=1).stderr
    house("user", "disable", ADA)
    house("user", "role", ADA, "member")
    assert roles(house) == {ADA: ("member", "disabled"), "bob@example.com": ("admin", "invited")}


def test_a_role_holds_at_once(house: Shell) -> None:
    with transaction(house.folder) as tx:
        session = sessions.issue(tx, accounts.by_email(tx, "bob@example.com"), 1_000).encode()
    house("user", "role", "bob@example.com", "admin")
    with snapshot(house.folder) as tx:
        credential, _ = sessions.find(tx, session, 1_000)
        assert credential is not None
        assert credential.bound["role"] == "admin"


def test_the_list_is_for_people_too(house: Shell) -> None:
    head, ada, bob = house("user", "list").stdout.splitlines()
    assert head.split()[:4] == ["EMAIL", "NAME", "ROLE", "STATE"]
    assert ada.split()[:4] == [ADA, "ada", "admin", "invited"]
    assert bob.split()[0] == "bob@example.com"


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (1, "create ada@example.com"),
        (1, "create ADA@example.com"),
        (1, "create ada"),
        (1, "create carol@example.com --name="),
        (1, "reset-password nobody@example.com"),
        (1, "disable nobody@example.com"),
        (1, "enable nobody@example.com"),
        (1, "role nobody@example.com admin"),
        (2, "create"),
        (2, "create carol@example.com --role owner"),
        (2, "role ada@example.com"),
        (2, "role ada@example.com owner"),
    ],
)
def test_failing_is_one_and_wrong_usage_two(house: Shell, code: int, arguments: str) -> None:
    result = house("user", *arguments.split(), code=code)
    assert not result.stdout
    assert "Error: " in result.stderr
    assert len(house.json("user", "list")) == 2
