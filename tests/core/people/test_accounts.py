"""People of a store: their addresses, roles and links."""

from collections.abc import Callable

import pytest

from logserver.core.faults import Conflict, Invalid, NotFound
from logserver.core.people import accounts, links
from logserver.core.people.accounts import User
from logserver.core.projects import generation
from logserver.store.tx import Tx
from tests.fakes import START_MS


def made(tx: Tx, email: str = "ada@example.com", role: accounts.Role = "admin") -> User:
    return accounts.create(tx, email=email, name="Ada", role=role, now_ms=START_MS)


@pytest.mark.parametrize("email", ["ada@example.com", " Ada@Example.COM ", "ada+logs@mail.example", "ä@ö.example"])
def test_an_address_is_kept_in_one_spelling(tx: Tx, email: str) -> None:
    user = made(tx, email)
    assert user.email == email.strip().lower()
    assert accounts.by_email(tx, email.upper()) == user
    with pytest.raises(Conflict):
        made(tx, email.upper())


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "@example.com",
        "ada@",
        "a da@example.com",
        "ada@example.com\n.org",
        "a,b@example.com",
        "<a@b>",
        "a" * 65 + "@example.com",
        "ada\x7f@example.com",
        "ada\x9b@example.com",
        "ada\u200b@example.com",
        "\u202eada@example.com",
        "ada@exam\u00adple.com",
        "=?utf-8?q?eve=40example.org=2c?=@example.com",
        "ada@=?utf-8?q?example.org?=",
        "a@" + "b" * 254,
    ],
)
def test_what_is_no_address_is_refused(tx: Tx, email: str) -> None:
    with pytest.raises(Invalid):
        made(tx, email)


@pytest.mark.parametrize("email", ["a=b?c@example.com", "ada=@example.com", "o'hara@example.com"])
def test_unusual_signs_may_stand_in_an_address(tx: Tx, email: str) -> None:
    assert made(tx, email).email == email


@pytest.mark.parametrize("name", ["Ada\r\nBcc: eve@example.com", "A\x00da", "A\x9bda", "Ada\u2028Eve", "\u202eadA", ""])
def test_what_is_no_name_is_refused(tx: Tx, name: str) -> None:
    for refused in (
        lambda: accounts.create(tx, email="ada@example.com", name=name, role="admin", now_ms=START_MS),
        lambda: accounts.ensure_organization(tx, name, START_MS),
    ):
        with pytest.raises(Invalid):
            refused()


@pytest.mark.parametrize("name", ["Ada Lovelace", "Åsa", "न\u200cम", "👩\u200d💻", " Ada\n"])
def test_people_are_called_what_they_like(tx: Tx, name: str) -> None:
    made = accounts.create(tx, email="ada@example.com", name=name, role="admin", now_ms=START_MS)
    assert made.name == name.strip()


def test_there_are_only_so_many(tx: Tx) -> None:
    tx.execute(
        "WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)"
        " INSERT INTO users (uuid, email, name, role, created_at) SELECT n, n, n, 'member', 0 FROM numbers",
        (accounts.MOST_USERS,),
    )
    made(tx)
    with pytest.raises(Conflict, match="10,000 users"):
        made(tx, "bob@example.com")


def test_the_last_admin_who_is_let_in_stays_one(tx: Tx) -> None:
    ada, bob = made(tx), made(tx, "bob@example.com", "member")
    with pytest.raises(Conflict):
        accounts.set_role(tx, ada, "member")
    with pytest.raises(Conflict):
        accounts.disable(tx, ada, START_MS)
    bob = accounts.set_role(tx, bob, "admin")
    bob = accounts.disable(tx, bob, START_MS)
    with pytest.raises(Conflict):
        accounts.disable(tx, ada, START_MS)
    assert accounts.set_role(tx, bob, "member").role == "member"
    assert accounts.disable(tx, bob, START_MS + 1).disabled_at == START_MS
    assert accounts.by_uuid(tx, ada.uuid) == ada


def test_whatever_changes_what_one_may_do_is_noticed(tx: Tx) -> None:
    made(tx)
    bob = made(tx, "bob@example.com")
    changes: list[Callable[[], User]] = [
        lambda: accounts.set_role(tx, bob, "member"),
        lambda: accounts.set_password(tx, bob, "hash"),
        lambda: accounts.disable(tx, bob, START_MS),
        lambda: accounts.enable(tx, bob),
        lambda: accounts.end_sessions(tx, bob),
    ]
    for change in changes:
        before = generation(tx)
        change()
        assert generation(tx) > before


def test_a_password_is_known_to_be_set_and_not_shown(tx: Tx) -> None:
    ada = made(tx)
    assert (ada.has_password, accounts.password_of(tx, ada)) == (False, None)
    ada = accounts.set_password(tx, ada, "hash")
    assert (ada.has_password, ada.session, accounts.password_of(tx, ada)) == (True, 1, "hash")
    assert "hash" not in repr(ada)


def test_a_link_is_its_users_until_it_ends(tx: Tx) -> None:
    ada, bob = made(tx), made(tx, "bob@example.com", "member")
    one, other = (links.issue(tx, user.number, START_MS) for user in (ada, bob))
    invitation = links.issue(tx, bob.number, START_MS, links.INVITE_MS)
    assert links.owner(tx, one.token, START_MS) == ada.number
    assert links.owner(tx, one.token, one.expires_at) is None
    assert links.owner(tx, one.token + "x", START_MS) is None
    assert links.owner(tx, invitation.token, one.expires_at) == bob.number
    accounts.set_password(tx, bob, "hash")
    assert [links.owner(tx, link.token, START_MS) for link in (one, other, invitation)] == [ada.number, None, None]
    assert not links.is_setup(tx, one.token, START_MS)


def test_a_setup_token_is_nobodys_and_ends_with_the_first_user(tx: Tx) -> None:
    older, token = links.issue_setup(tx, START_MS).token, links.issue_setup(tx, START_MS).token
    assert [links.is_setup(tx, each, START_MS) for each in (older, token, "")] == [False, True, False]
    assert links.owner(tx, token, START_MS) is None
    made(tx)
    assert not links.is_setup(tx, token, START_MS)


def test_links_past_their_time_are_tidied_in_passes(tx: Tx) -> None:
    ada = made(tx)
    kept = links.issue(tx, ada.number, START_MS, links.INVITE_MS)
    for _ in range(250):
        links.issue(tx, ada.number, START_MS)
    assert not links.tidy(tx, START_MS)
    assert [links.tidy(tx, START_MS + links.RESET_MS) for _ in range(2)] == [True, False]
    assert tx.execute("SELECT expires_at FROM user_links").fetchall() == [(kept.expires_at,)]


def test_who_is_not_there_is_not_found(tx: Tx) -> None:
    with pytest.raises(NotFound):
        accounts.by_email(tx, "nobody@example.com")
    with pytest.raises(NotFound):
        accounts.by_uuid(tx, "nobody")
    with pytest.raises(NotFound):
        accounts.by_number(tx, 7)
