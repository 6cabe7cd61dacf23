"""Who is in a project."""

import pytest

from logserver.core.people import accounts
from logserver.store.tx import Tx
from tests.serving import Server
from tests.web.browsing import Visitor, signed_in, text_of

MEMBERS = "/p/shop/settings/members"


def test_somebody_is_taken_in_made_an_owner_and_taken_out(server: Server, owner: Visitor) -> None:
    eve = signed_in(server, "eve@example.com", "member")
    assert eve.get("/p/shop").status_code == 404
    answer = owner.follow(owner.post(MEMBERS, email=" Eve@Example.com ", role="member"))
    assert "eve@example.com is a member now." in text_of(answer)
    assert (eve.get("/p/shop").status_code, eve.get(MEMBERS).status_code) == (303, 403)
    owner.post(MEMBERS, email="eve@example.com", role="owner")
    assert eve.get(MEMBERS).status_code == 200
    user_id = server.administer(lambda tx: accounts.by_email(tx, "eve@example.com").uuid)
    assert "not in shop any more" in text_of(owner.follow(owner.post(f"{MEMBERS}/{user_id}/remove")))
    assert eve.get("/p/shop").status_code == 404
    assert owner.post(f"{MEMBERS}/{user_id}/remove").status_code == 404
    assert owner.post(f"{MEMBERS}/nobody/remove").status_code == 404


@pytest.mark.parametrize(
    ("email", "role"),
    [("nobody@example.com", "member"), ("", "member"), ("gone@example.com", "member"), ("bob@example.com", "admin")],
)
def test_what_is_wrong_is_said(server: Server, owner: Visitor, email: str, role: str) -> None:
    def leave(tx: Tx) -> None:
        user = accounts.create(tx, email="gone@example.com", name="Gone", role="member", now_ms=0)
        tx.execute("UPDATE users SET disabled_at = 1 WHERE id = ?", (user.number,))

    server.administer(leave)
    answer = owner.post(MEMBERS, email=email, role=role)
    assert answer.status_code == 422
    assert 'class="wrong"' in answer.text
    assert server.rows("SELECT role FROM members") == [("owner",)]


def test_who_gives_it_away_goes_on_where_there_is_something_to_see(owner: Visitor) -> None:
    assert owner.post(MEMBERS, email="bob@example.com", role="member").headers["Location"] == "/"
    assert owner.get(MEMBERS).status_code == 403
