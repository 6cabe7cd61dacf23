"""New passwords: by a link that works once, by the letter that holds it, or by the one before."""

import re
from collections.abc import Iterator

import pytest
from httpx2 import Response

from logserver.core.people import accounts, letters, links
from logserver.core.people.passwords import Passwords
from tests.contracts.logfleet.people import ADA, ANOTHER, AUTH, PASSWORD, me, signs_in, somebody, user
from tests.fakes import CountingHashing, FakeClock
from tests.mailbox import Mailbox
from tests.serving import Serve, Server


def link(server: Server, email: str = ADA) -> str:
    return server.administer(links.issue, user(server, email).number, server.clock.now_ms()).token


def resets(server: Server, token: str, password: str = ANOTHER) -> Response:
    return server.post(f"{AUTH}/reset-password", {"token": token, "new_password": password}, None)


def changes(server: Server, session: str | None, current: str = PASSWORD, password: str = ANOTHER) -> Response:
    body = {"current_password": current, "new_password": password}
    return server.post(f"{AUTH}/change-password", body, session)


def forgets(server: Server, email: str = ADA) -> Response:
    return server.post(f"{AUTH}/forgot-password", {"email": email}, None)


def test_a_link_sets_a_password_once_and_ends_every_session(server: Server) -> None:
    session, other = somebody(server), somebody(server, "bob@example.com")
    late = signs_in(server).json()["token"]
    first, second = link(server), link(server)
    answer = resets(server, first)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["x-ratelimit-limit"] == "10"
    assert [me(server, token).status_code for token in (session, late, other)] == [401, 401, 200]
    assert [signs_in(server, password=each).status_code for each in (PASSWORD, ANOTHER)] == [401, 200]
    for used in (first, second):
        again = resets(server, used, PASSWORD)
        assert (again.status_code, list(again.json()["details"])) == (400, ["token"])


def test_a_link_lasts_an_hour(server: Server, clock: FakeClock) -> None:
    somebody(server)
    token = link(server)
    clock.turn(3_599)
    assert resets(server, token, "short").json()["details"].keys() == {"new_password"}
    clock.turn(1)
    assert resets(server, token).json()["details"].keys() == {"token"}
    assert server.count("user_links") == 1
    assert server.write(links.tidy, clock.now_ms()) is False
    assert server.count("user_links") == 0


def test_what_is_in_a_link_is_kept_as_its_digest(server: Server) -> None:
    somebody(server)
    token = link(server)
    assert re.fullmatch("[A-Za-z0-9_-]{32}", token)
    assert token.encode() not in server.rows("SELECT digest FROM user_links")[0][0]


@pytest.mark.parametrize("what", ["unknown", "setup", "of a disabled user"])
def test_a_token_that_is_no_good_costs_no_hash(serve: Serve, what: str) -> None:
    hashing = CountingHashing()
    server = serve(passwords=Passwords(hashing))
    token = "guessed"
    if what == "setup":
        token = server.run(server.app.people.setup_token) or ""
    else:
        server.person("root@example.com")
        server.person()
    if what == "of a disabled user":
        token = link(server)
        server.administer(lambda tx: accounts.disable(tx, accounts.by_email(tx, ADA), 1))
    assert resets(server, token).status_code == 400
    assert hashing.hashed == 0


@pytest.mark.parametrize("password", ["short", "password123", "Somebody-1!", "a" * 1_025])
def test_a_poor_password_leaves_the_link_as_it_is(server: Server, password: str) -> None:
    somebody(server)
    token = link(server)
    assert resets(server, token, password).json()["details"].keys() == {"new_password"}
    assert resets(server, token).status_code == 204


def test_two_who_hold_the_same_link_set_one_password(serve: Serve) -> None:
    class Slow(CountingHashing):
        """While it works for one, the other is done."""

        def hash(self, password: str) -> str:
            if password == PASSWORD:
                server.run(server.app.people.reset, token, ANOTHER)
            return super().hash(password)

    server = serve(passwords=Passwords(Slow(), at_once=2))
    server.person()
    token = link(server)
    assert resets(server, token, PASSWORD).status_code == 400
    assert [signs_in(server, password=each).status_code for each in (PASSWORD, ANOTHER)] == [401, 200]


def test_changing_it_ends_every_session_also_of_this_second(server: Server) -> None:
    session, other = somebody(server), somebody(server, "bob@example.com")
    late = signs_in(server).json()["token"]
    assert me(server, late).status_code == 200
    answer = changes(server, session)
    assert (answer.status_code, answer.content) == (204, b"")
    assert [me(server, token).status_code for token in (session, late, other)] == [401, 401, 200]
    now = signs_in(server, password=ANOTHER).json()["token"]
    assert me(server, now).status_code == 200
    assert signs_in(server).status_code == 401


@pytest.mark.parametrize(
    ("current", "password", "field"),
    [
        ("another one", ANOTHER, "current_password"),
        ("", ANOTHER, "current_password"),
        ("x" * 1_025, ANOTHER, "current_password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, "password123", "new_password"),
        (PASSWORD, "ada@example.com", "new_password"),
        (PASSWORD, "", "new_password"),
    ],
)
def test_what_is_wrong_with_a_change_is_named(server: Server, current: str, password: str, field: str) -> None:
    session = somebody(server)
    answer = changes(server, session, current, password)
    assert (answer.status_code, list(answer.json()["details"])) == (400, [field])
    assert me(server, session).status_code == 200
    assert signs_in(server).status_code == 200


def test_a_change_needs_a_person(server: Server) -> None:
    sender = server.sender()
    assert changes(server, None).status_code == 401
    assert changes(server, sender.token).status_code == 403
    invited = server.person()
    assert changes(server, invited).json()["details"].keys() == {"current_password"}


def test_of_two_changes_at_once_one_is_told_of_the_other(serve: Serve) -> None:
    class Slow(CountingHashing):
        def hash(self, password: str) -> str:
            if password == ANOTHER:
                server.run(server.app.people.change, user(server).uuid, PASSWORD, "the other one's password")
            return super().hash(password)

    server = serve(passwords=Passwords(Slow(), at_once=2))
    session = server.person()
    server.give_password(ADA, PASSWORD, f"counted:{PASSWORD}")
    assert changes(server, session).status_code == 409
    assert signs_in(server, password="the other one's password").status_code == 200


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


def posting(serve: Serve, mailbox: Mailbox, **values: object) -> Server:
    usual = {
        "smtp_host": "127.0.0.1",
        "smtp_port": mailbox.port,
        "smtp_security": "none",
        "smtp_from": "logs@example.org",
    }
    return serve(**{**usual, "public_url": "https://logs.example.org/", **values})


def sends(server: Server) -> None:
    """What the job does every second."""
    server.run(server.app.letters.one_pass, server.clock.now_ms())


def test_the_letter_holds_a_link_that_works(serve: Serve, mailbox: Mailbox) -> None:
    server = posting(serve, mailbox)
    session = somebody(server)
    answer = forgets(server, "ADA@example.com")
    assert answer.status_code == 202
    sends(server)
    (letter,) = mailbox.letters
    assert (letter["To"], letter["From"], letter["Subject"]) == (ADA, "logs@example.org", "Set a new password")
    assert letter["Auto-Submitted"] == "auto-generated"
    lines = letter.get_content().splitlines()
    (token,) = re.findall(
        r"^https://logs\.example\.org/reset-password\?token=([\w-]{32})$", "\n".join(lines), re.MULTILINE
    )
    assert token in lines
    assert me(server, session).status_code == 200
    assert resets(server, token).status_code == 204
    assert me(server, session).status_code == 401
    assert signs_in(server, password=ANOTHER).status_code == 200


def test_nobody_learns_whether_there_is_such_a_user(serve: Serve, mailbox: Mailbox) -> None:
    server = posting(serve, mailbox)
    somebody(server)
    somebody(server, "root@example.com", "admin")
    somebody(server, "out@example.com")
    server.administer(lambda tx: accounts.disable(tx, accounts.by_email(tx, "out@example.com"), 1))
    answers = [forgets(server, each) for each in (ADA, "nobody@example.com", "out@example.com")]
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, answers[0].content)}
    sends(server)
    assert [letter["To"] for letter in mailbox.letters] == [ADA]


def test_three_letters_an_hour_are_enough(serve: Serve, mailbox: Mailbox, clock: FakeClock) -> None:
    server = posting(serve, mailbox)
    somebody(server)
    assert [forgets(server).status_code for _ in range(5)] == [202] * 5
    sends(server)
    assert len(mailbox.letters) == letters.PER_HOUR == 3
    clock.turn(3_600)
    forgets(server)
    sends(server)
    assert len(mailbox.letters) == 4


def test_a_letter_that_is_refused_is_tried_again_for_a_while(serve: Serve, clock: FakeClock) -> None:
    with Mailbox(("RCPT", "451 later"), ("RCPT", "451 later")) as mailbox:
        server = posting(serve, mailbox)
        somebody(server)
        forgets(server)
        for seconds in (0, 5, 5, 59):
            clock.turn(seconds)
            sends(server)
            assert not mailbox.letters
        clock.turn(1)
        sends(server)
        assert len(mailbox.letters) == 1
        sends(server)
        assert len(mailbox.letters) == 1


@pytest.mark.parametrize("refusal", ["451 later", "550 nobody"])
def test_a_letter_is_given_up_in_the_end(
    serve: Serve, clock: FakeClock, refusal: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Mailbox(*[("RCPT", refusal)] * (len(letters.PAUSES) + 1)) as mailbox:
        server = posting(serve, mailbox)
        somebody(server)
        forgets(server)
        for seconds in (0, *letters.PAUSES, 3_600):
            clock.turn(seconds)
            sends(server)
        assert mailbox.letters == []
    (warning,) = [entry.getMessage() for entry in caplog.records if entry.name == "logserver.letters"]
    assert "given up" in warning
    assert ADA not in warning


def test_without_a_mail_server_the_operator_is_told(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    somebody(server)
    assert forgets(server).status_code == 202
    sends(server)
    assert "logserver user reset-password" in caplog.text
    assert ADA not in caplog.text
    assert server.count("user_links") == 0


def test_more_than_may_wait_is_dropped(serve: Serve, mailbox: Mailbox) -> None:
    server = posting(serve, mailbox)
    somebody(server)
    for number in range(letters.MOST_WAITING):
        server.app.letters.ask(f"nobody-{number}@example.com")
    assert forgets(server).status_code == 202
    while server.run(server.app.letters.one_pass, server.clock.now_ms()):
        pass
    assert mailbox.letters == []


@pytest.mark.parametrize("body", [{}, {"email": "ada"}, {"email": 1}])
def test_what_is_no_address_is_named(server: Server, body: dict[str, object]) -> None:
    answer = server.post(f"{AUTH}/forgot-password", body, None)
    assert (answer.status_code, list(answer.json()["details"])) == (400, ["email"])
