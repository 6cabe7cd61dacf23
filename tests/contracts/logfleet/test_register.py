"""Who may register: the first on the server's machine or with its token, later ones while that is allowed."""

import asyncio
from typing import Any

import pytest

from logserver.core.people.passwords import Passwords
from logserver.core.people.people import Newcomer
from tests.contracts.logfleet.people import ABROAD, ADA, AUTH, PASSWORD, every, me, registers, signs_in, user
from tests.fakes import CountingHashing, FakeClock
from tests.serving import Serve, Server

HERE = {"peer": "127.0.0.1", "host": "localhost:8080"}
FROM_ABROAD = {"X-Forwarded-For": ABROAD}


@pytest.fixture
def here(serve: Serve) -> Server:
    """A server that is asked from its own machine, or by its proxy."""
    return serve(**HERE, trusted_proxies="127.0.0.1")


def setup_token(server: Server) -> str:
    token = server.run(server.app.people.setup_token)
    assert token is not None
    return token


def test_the_first_is_the_admin_of_a_new_organization(here: Server, clock: FakeClock) -> None:
    answer = registers(here, "Ada@Example.com")
    assert answer.status_code == 201
    body = answer.json()
    assert body == {
        "token": body["token"],
        "expires_in": 86_400,
        "user": {"id": body["user"]["id"], "email": ADA, "name": "Ada Lovelace", "role": "admin"},
        "organization": {
            "id": body["organization"]["id"],
            "name": "Analytical Engines",
            "slug": "analytical-engines",
        },
    }
    assert me(here, body["token"]).json() == {"user": body["user"], "organization": body["organization"]}
    assert user(here).last_login_at == clock.now_ms()
    assert signs_in(here).status_code == 200


def test_a_stranger_cannot_take_a_fresh_server(serve: Serve) -> None:
    server = serve()
    answer = registers(server)
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    assert every(server) == []


def test_behind_a_trusted_proxy_it_is_the_sender_who_counts(here: Server) -> None:
    assert registers(here, headers=FROM_ABROAD).status_code == 403
    assert registers(here, headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 201


@pytest.mark.parametrize("place", ["body", "header"])
def test_the_setup_token_lets_a_stranger_in_once(here: Server, place: str) -> None:
    token = setup_token(here)
    fields = {"setup_token": token} if place == "body" else {}
    headers = FROM_ABROAD | ({"X-Setup-Token": token} if place == "header" else {})
    assert registers(here, headers=headers, **fields).json()["user"]["role"] == "admin"
    assert here.count("user_links") == 0
    assert registers(here, "bob@example.com", headers=headers, **fields).status_code == 403
    assert every(here) == [(ADA, "admin")]
    assert here.run(here.app.people.setup_token) is None


def test_a_wrong_or_older_setup_token_lets_nobody_in(here: Server) -> None:
    older = setup_token(here)
    newer = setup_token(here)
    for wrong in (older, newer[:-1], "é"):
        assert registers(here, headers=FROM_ABROAD, setup_token=wrong).status_code == 403
        assert registers(here, setup_token=wrong).status_code == 403
    assert [len(digest) for (digest,) in here.rows("SELECT digest FROM user_links")] == [32]
    assert registers(here, headers=FROM_ABROAD, setup_token=newer).status_code == 201


def test_any_first_user_ends_the_setup_token(here: Server) -> None:
    token = setup_token(here)
    here.person("bob@example.com")
    assert registers(here, setup_token=token).status_code == 403


def test_two_who_race_to_be_first_make_one_admin(serve: Serve) -> None:
    hashing = CountingHashing()
    server = serve(**HERE, passwords=Passwords(hashing))
    people = server.app.people

    async def race() -> list[object]:
        names = ["ada@example.com", "eve@example.com"]
        both = [
            people.register(Newcomer(name, "Somebody", PASSWORD, "Engines", local=True, setup_token=None))
            for name in names
        ]
        return await asyncio.gather(*both, return_exceptions=True)

    outcomes = server.run(race)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Forbidden", "Session"]
    assert hashing.hashed == 2
    assert [role for _, role in every(server)] == ["admin"]
    assert server.count("organizations") == 1


def test_later_it_is_closed_also_on_the_machine(here: Server) -> None:
    assert registers(here).status_code == 201
    for headers in ({}, FROM_ABROAD):
        answer = registers(here, "bob@example.com", headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    assert registers(here).status_code == 403


def test_while_it_is_open_whoever_comes_joins_as_a_member(serve: Serve) -> None:
    server = serve(open_registration=True)
    server.person("root@example.com")
    answer = registers(server, organization_name=None)
    assert answer.status_code == 201
    assert (answer.json()["user"]["role"], answer.json()["organization"]["slug"]) == ("member", "wonderland")
    assert registers(server, organization_name="Mine now").status_code == 409
    assert server.count("organizations") == 1
    other = registers(server, "bob@example.com", organization_name="Mine now").json()
    assert other["organization"]["name"] == "Wonderland"


def test_open_registration_does_not_let_a_stranger_be_the_first(serve: Serve) -> None:
    assert registers(serve(open_registration=True)).status_code == 403


def test_an_address_that_is_taken_is_a_conflict_whatever_its_capitals(serve: Serve) -> None:
    server = serve(open_registration=True)
    server.person(ADA)
    assert [registers(server, each).status_code for each in (ADA, "ADA@example.COM ")] == [409, 409]


def test_whom_the_setting_names_is_an_admin(serve: Serve) -> None:
    named = "Bob@example.com, eve@example.com"
    server = serve(**HERE, trusted_proxies="127.0.0.1", open_registration=True, admin_emails=named)
    member = server.person("eve@example.com", "member")
    assert me(server, member).json()["user"]["role"] == "admin"
    abroad = registers(server, "bob@example.com", headers=FROM_ABROAD)
    assert (abroad.status_code, abroad.json()["message"]) == (403, "an admin's account is made on the server's machine")
    assert registers(server, "bob@example.com").json()["user"]["role"] == "admin"
    assert dict(every(server)) == {"bob@example.com": "admin", "eve@example.com": "member"}
    assert registers(server, "ida@example.com").json()["user"]["role"] == "member"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"email": None}, "email"),
        ({"email": "ada"}, "email"),
        ({"email": "ada@example.com\r\nBcc: x@example.com"}, "email"),
        ({"email": f"{'a' * 250}@example.com"}, "email"),
        ({"email": 7}, "email"),
        ({"password": None}, "password"),
        ({"password": "too short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"password": "p" * 1_025}, "password"),
        ({"password": ["a", "b"]}, "password"),
        ({"name": None}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"organization_name": None}, "organization_name"),
        ({"organization_name": ""}, "organization_name"),
        ({"setup_token": "t" * 201}, "setup_token"),
    ],
)
def test_what_is_wrong_is_named(here: Server, fields: dict[str, Any], field: str) -> None:
    answer = registers(here, **{"organization_name": "Engines", **fields})
    assert answer.status_code == 400
    assert (answer.json()["error"], list(answer.json()["details"])) == ("validation_error", [field])
    assert every(here) == []


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"{", 400, "invalid_json"),
        (b"[]", 400, "validation_error"),
        (b"{}", 400, "validation_error"),
        (b'{"email": "' + b"x" * 70_000 + b'"}', 413, "payload_too_large"),
    ],
)
@pytest.mark.parametrize("route", ["register", "login", "forgot-password", "reset-password"])
def test_a_body_that_is_none_is_refused(here: Server, route: str, body: bytes, status: int, error: str) -> None:
    answer = here.post(f"{AUTH}/{route}", body, None)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_it_takes_no_hash_to_be_refused(serve: Serve) -> None:
    hashing = CountingHashing()
    server = serve(passwords=Passwords(hashing), open_registration=True)
    server.person(ADA)
    assert registers(server).status_code == 409
    assert registers(server, "bob@example.com", password="short").status_code == 400
    assert hashing.hashed == 0
    assert registers(server, "bob@example.com").status_code == 201
    assert hashing.hashed == 1
    assert server.rows("SELECT password FROM users WHERE email = 'bob@example.com'") == [(f"counted:{PASSWORD}",)]
