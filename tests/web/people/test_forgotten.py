"""A forgotten password, for who has a browser."""

import re

import pytest

from logserver.web.people.sign_in import A_MINUTE
from tests.mailbox import Mailbox
from tests.serving import Serve, Server
from tests.web.browsing import Visitor, signed_in, text_of


def asks(server: Server, email: str) -> tuple[int, str]:
    visitor = Visitor(server)
    visitor.get("/forgot-password")
    answer = visitor.post("/forgot-password", email=email)
    return answer.status_code, text_of(visitor.follow(answer) if answer.status_code == 303 else answer)


@pytest.mark.parametrize("email", ["ada@example.com", "eve@example.com"])
def test_the_answer_is_the_same_for_everybody_and_only_users_get_a_letter(serve: Serve, email: str) -> None:
    with Mailbox() as mailbox:
        server = serve(smtp_host="127.0.0.1", smtp_port=mailbox.port, smtp_security="none")
        signed_in(server)
        status, said = asks(server, email)
        assert (status, "If there is somebody with this e-mail address" in said) == (303, True)
        server.run(server.app.letters.one_pass, server.clock.now_ms())
        assert len(mailbox.letters) == (email == "ada@example.com")


def test_what_is_no_address_is_said(serve: Serve) -> None:
    server = serve(smtp_host="localhost")
    signed_in(server)
    status, said = asks(server, "<b>ada")
    assert (status, "Must be a valid email address." in said) == (422, True)


def test_without_mail_it_is_told_whom_to_ask(server: Server) -> None:
    signed_in(server)
    assert "ask one of its admins" in text_of(Visitor(server).get("/forgot-password"))


def test_asking_counts_with_all_that_is_asked_at_the_door(server: Server) -> None:
    signed_in(server)
    visitor = Visitor(server)
    visitor.get("/sign-in")
    statuses = [visitor.post("/forgot-password", email="ada@example.com").status_code for _ in range(A_MINUTE + 1)]
    assert statuses == [303] * A_MINUTE + [429]
    assert visitor.post("/sign-in", email="ada@example.com", password="-").status_code == 429


def test_signing_in_leads_there(server: Server) -> None:
    signed_in(server)
    assert re.search('href="/forgot-password"', Visitor(server).get("/sign-in").text)
