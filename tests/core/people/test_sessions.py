"""Sessions of people: who holds one, for how long, and what ends it."""

from pathlib import Path

import jwt

from logserver.core.people import accounts, sessions
from logserver.store.database import transaction
from tests.fakes import FakeClock
from tests.serving import Serve, Server, signed_in

ME = "/api/v1/auth/me"


def asked(server: Server, token: str | None) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return server.client.get(ME, headers=headers).status_code


def test_a_person_is_told_who_asks(server: Server) -> None:
    answer = server.client.get(ME, headers={"Authorization": f"Bearer {server.person()}"}).json()
    assert answer["user"] | {"id": ""} == {"id": "", "email": "ada@example.com", "name": "Somebody", "role": "admin"}
    assert answer["organization"]["slug"] == "wonderland"


def test_it_lasts_a_day(server: Server, clock: FakeClock) -> None:
    token = server.person()
    clock.turn(sessions.SECONDS - 1)
    assert asked(server, token) == 200
    clock.turn(1)
    assert asked(server, token) == 401


def test_all_of_a_user_end_at_once_even_one_of_this_second(server: Server) -> None:
    token, other = server.person(), server.person("bob@example.com")
    assert asked(server, token) == 200
    server.administer(lambda tx: accounts.end_sessions(tx, accounts.by_email(tx, "ADA@example.com")))
    assert (asked(server, token), asked(server, other)) == (401, 200)


def test_what_was_not_signed_here_is_none(server: Server, tmp_path: Path) -> None:
    with transaction(tmp_path / "elsewhere") as tx:
        foreign = signed_in(tx, "ada@example.com", "admin", server.clock.now_ms())
    token = server.person()
    unsigned = jwt.encode(jwt.decode(token, options={"verify_signature": False}), "", "none")
    assert [asked(server, each) for each in (foreign, unsigned, token[:-4] + "AAAA", "eyJ", None)] == [401] * 5


def test_a_remembered_session_has_the_role_of_now(server: Server) -> None:
    server.person("root@example.com")
    token = server.person("bob@example.com", "member")

    def role() -> str:
        credential = server.run(server.app.credentials.find, token.encode())
        assert credential is not None
        assert credential == server.app.credentials.remembered(token.encode())
        return str(credential.bound["role"])

    roles = [role()]
    for given in ("admin", "member"):
        server.administer(lambda tx, to: accounts.set_role(tx, accounts.by_email(tx, "bob@example.com"), to), given)
        roles.append(role())
    assert roles == ["member", "admin", "member"]


def test_whom_the_setting_names_is_an_admin_whatever_is_stored(serve: Serve) -> None:
    server = serve(admin_emails=" Bob@Example.com ,")
    for email, role in (("bob@example.com", "admin"), ("eve@example.com", "member")):
        credential = server.run(server.app.credentials.find, server.person(email, "member").encode())
        assert credential is not None
        assert credential.bound["role"] == role
