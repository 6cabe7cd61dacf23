"""Signing in: the right pair gets a session, everybody else the same answer after the same work."""

import pytest
from httpx2 import Response

from logserver.core.people import accounts, sessions
from logserver.core.people.passwords import Passwords
from logserver.store.database import transaction
from tests.contracts.logfleet.people import ADA, AUTH, PASSWORD, me, registers, signs_in, somebody, user
from tests.fakes import CountingHashing, FakeClock
from tests.serving import Serve, Server


def test_the_right_password_gets_a_session(server: Server, clock: FakeClock) -> None:
    somebody(server)
    clock.turn(100)
    answer = signs_in(server, "ADA@example.com")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"token", "expires_in", "user", "organization"}
    assert body["expires_in"] == sessions.SECONDS == 86_400
    assert me(server, body["token"]).json() == {"user": body["user"], "organization": body["organization"]}
    assert user(server).last_login_at == clock.now_ms()


def test_a_password_is_the_same_however_its_letters_are_composed(server: Server) -> None:
    server.person()
    server.give_password(ADA, "caf\u00e9 au lait, \ufb01ne")
    assert signs_in(server, ADA, "cafe\u0301 au lait, fine").status_code == 200


def shown(answer: Response) -> tuple[int, bytes, dict[str, str]]:
    """An answer without what counts requests."""
    headers = {name: value for name, value in answer.headers.items() if not name.startswith("x-ratelimit")}
    return answer.status_code, answer.content, headers


def test_whatever_is_wrong_nobody_can_tell(serve: Serve) -> None:
    hashing = CountingHashing()
    server = serve(passwords=Passwords(hashing))
    somebody(server)
    somebody(server, "root@example.com", "admin")
    somebody(server, "out@example.com")
    server.person("invited@example.com", "member")
    for email in (ADA, "out@example.com"):
        server.give_password(email, PASSWORD, f"counted:{PASSWORD}")
    server.administer(lambda tx: accounts.disable(tx, accounts.by_email(tx, "out@example.com"), 1))
    before = server.rows("SELECT * FROM users")
    asked = [
        (ADA, "another password"),
        (ADA, f"{PASSWORD} "),
        ("nobody@example.com", PASSWORD),
        ("invited@example.com", PASSWORD),
        ("invited@example.com", "\0"),
        ("out@example.com", PASSWORD),
        ("out@example.com", "another password"),
    ]
    answers = []
    for email, password in asked:
        verified = len(hashing.verified)
        answers.append(shown(signs_in(server, email, password)))
        assert len(hashing.verified) - verified == 1
        assert hashing.hashed == 0
    assert answers[0][0] == 401
    assert [answer for answer in answers if answer != answers[0]] == []
    assert server.rows("SELECT * FROM users") == before


def test_a_hash_of_older_parameters_is_renewed_when_its_password_comes_by(serve: Serve) -> None:
    hashing = CountingHashing("newer")
    server = serve(passwords=Passwords(hashing))
    server.person()
    held = "SELECT password, session FROM users"
    server.give_password(ADA, PASSWORD, f"older:{PASSWORD}")
    assert signs_in(server, ADA, "another password").status_code == 401
    assert server.rows(held) == [(f"older:{PASSWORD}", 0)]
    token = signs_in(server).json()["token"]
    assert server.rows(held) == [(f"newer:{PASSWORD}", 0)]
    assert signs_in(server).status_code == 200
    assert hashing.hashed == 1
    assert me(server, token).status_code == 200


@pytest.mark.parametrize("change", ["disabled", "password"])
def test_who_is_kept_out_meanwhile_does_not_come_in(serve: Serve, change: str) -> None:
    class Slow(CountingHashing):
        """While it works, the shell changes the user."""

        def verify(self, encoded: str, password: str) -> bool:
            with transaction(server.folder) as tx:
                ada = accounts.by_email(tx, ADA)
                if change == "password":
                    accounts.set_password(tx, ada, "counted:another one")
                else:
                    accounts.disable(tx, ada, 1)
            return super().verify(encoded, password)

    server = serve(passwords=Passwords(Slow()))
    server.person("root@example.com")
    server.person()
    server.give_password(ADA, PASSWORD, f"counted:{PASSWORD}")
    assert signs_in(server).status_code == 401
    assert user(server).last_login_at is None


def test_ten_a_minute_from_an_address_are_answered(serve: Serve, clock: FakeClock) -> None:
    server = serve(peer="10.0.0.1", trusted_proxies="10.0.0.1")
    token = somebody(server)
    here, there = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "192.0.2.2"}
    first = signs_in(server, password="another one", **here)
    assert (first.headers["x-ratelimit-limit"], first.headers["x-ratelimit-remaining"]) == ("10", "9")
    assert signs_in(server, **here).headers["x-ratelimit-remaining"] == "8"
    assert registers(server, headers=here).headers["x-ratelimit-remaining"] == "7"
    assert me(server, token, **here).headers["x-ratelimit-remaining"] == "6"
    assert server.post(f"{AUTH}/login", b"{", None, here).headers["x-ratelimit-remaining"] == "5"
    asked = [signs_in(server, "nobody@example.com", **here).status_code for _ in range(6)]
    assert asked == [401] * 5 + [429]
    for refused in (signs_in(server, **here), me(server, token, **here), registers(server, headers=here)):
        assert (refused.status_code, refused.json()["error"]) == (429, "rate_limited")
        assert (refused.headers["x-ratelimit-limit"], refused.headers["x-ratelimit-remaining"]) == ("10", "0")
        assert int(refused.headers["retry-after"]) == 60
        assert int(refused.headers["x-ratelimit-reset"]) >= clock.now_ms() // 1000
    assert signs_in(server, **there).status_code == 200
    clock.turn(60)
    assert signs_in(server, **here).status_code == 200


def test_a_crowd_at_the_door_is_told_to_come_back(serve: Serve) -> None:
    server = serve(passwords=Passwords(CountingHashing(), waiting=0))
    answer = signs_in(server)
    assert (answer.status_code, answer.json()["error"], answer.headers["retry-after"]) == (503, "unavailable", "5")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"email": ADA}, ["password"]),
        ({"password": PASSWORD}, ["email"]),
        ({"email": "ada", "password": ""}, ["email", "password"]),
        ({"email": {}, "password": 1}, ["email", "password"]),
        ({"email": ADA, "password": "p" * 1_025}, ["password"]),
    ],
)
def test_what_is_wrong_is_named(server: Server, body: dict[str, object], fields: list[str]) -> None:
    answer = server.post(f"{AUTH}/login", body, None)
    assert (answer.status_code, sorted(answer.json()["details"])) == (400, fields)


def test_a_role_that_is_taken_away_holds_at_once(server: Server) -> None:
    server.person("root@example.com")
    token = somebody(server, role="admin")
    assert me(server, token).json()["user"]["role"] == "admin"
    server.administer(lambda tx: accounts.set_role(tx, accounts.by_email(tx, ADA), "member"))
    assert me(server, token).json()["user"]["role"] == "member"
    server.administer(lambda tx: accounts.disable(tx, accounts.by_email(tx, ADA), 1))
    assert me(server, token).status_code == 401
    server.administer(lambda tx: accounts.enable(tx, accounts.by_email(tx, ADA)))
    assert me(server, token).status_code == 401
    assert signs_in(server).status_code == 200
