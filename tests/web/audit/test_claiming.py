"""Claiming a stream in the browser."""

import pytest

from logserver.core import projects
from tests.contracts.logstitch import streaming
from tests.contracts.logstitch.streaming import DAY, several, token
from tests.serving import Sender, Server
from tests.web.browsing import Visitor, member, signed_in, text_of


def test_an_admin_claims_a_stream_for_a_project(server: Server, sender: Sender) -> None:
    stream = token()
    streaming.sent(server, stream, several(3))
    admin = signed_in(server)
    form = admin.get("/claim", token=stream.upper())
    assert "Claim 3 events" in text_of(form)
    answer = admin.post("/claim", token=stream, project=sender.project.slug)
    assert answer.headers["Location"] == f"/p/{sender.project.slug}/audit"
    said = text_of(admin.follow(answer))
    assert "3 events have moved into this project." in said
    assert "user.signed_up" in said
    assert len(streaming.trail(server, sender.token)) == 3
    again = admin.post("/claim", token=stream, project=sender.project.slug)
    assert (again.status_code, "has been claimed already" in text_of(again)) == (409, True)


def test_who_has_to_sign_in_first_comes_back_with_the_token(server: Server) -> None:
    stream = token()
    assert (
        Visitor(server).get("/claim", token=stream).headers["Location"] == f"/sign-in?next=%2Fclaim%3Ftoken%3D{stream}"
    )


def test_only_an_admin_may(server: Server, sender: Sender) -> None:
    stream = token()
    streaming.sent(server, stream, several(1))
    owner = member(server, sender.project, place="owner")
    assert owner.get("/claim", token=stream).status_code == 403
    assert owner.post("/claim", token=stream, project=sender.project.slug).status_code == 403
    assert streaming.info(server, stream).json()["status"] == "active"


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ("", 200, "Claim token"),
        ("my-stream", 422, "This is no claim token"),
        ("<script>", 422, "This is no claim token"),
        ("fa9eafe4-6418-4afc-8864-df33152a32a7", 404, "There is no stream of this token"),
    ],
)
@pytest.mark.usefixtures("sender")
def test_what_is_no_token_of_a_stream_is_said(server: Server, given: str, status: int, said: str) -> None:
    answer = signed_in(server).get("/claim", token=given)
    assert answer.status_code == status
    assert said in text_of(answer)
    assert "<script>" not in answer.text


def test_an_expired_stream_is_said(server: Server, sender: Sender) -> None:
    stream = token()
    streaming.sent(server, stream, several(1))
    server.clock.turn(7 * DAY)
    admin = signed_in(server)
    assert admin.get("/claim", token=stream).status_code == 410
    assert admin.post("/claim", token=stream, project=sender.project.slug).status_code == 410


@pytest.mark.parametrize("slug", ["", "nowhere", "logserver", "closed"])
@pytest.mark.usefixtures("sender")
def test_what_is_no_open_project_takes_nothing(server: Server, slug: str) -> None:
    stream = token()
    streaming.sent(server, stream, several(1))
    server.sender("closed")
    server.administer(projects.archive, "closed", server.clock.now_ms())
    admin = signed_in(server)
    admin.get("/claim", token=stream)
    answer = admin.post("/claim", token=stream, project=slug)
    assert (answer.status_code, "Choose one of the projects." in text_of(answer)) == (422, True)
    assert streaming.info(server, stream).json()["status"] == "active"


def test_a_project_whose_rules_match_a_tenant_takes_nothing(server: Server, sender: Sender) -> None:
    stream = token()
    streaming.sent(server, stream, several(2))
    streaming.redacts(server, sender.project, "acme_corp")
    answer = signed_in(server).post("/claim", token=stream, project=sender.project.slug)
    assert (answer.status_code, "events.0.tenant_id" in text_of(answer)) == (422, True)
    assert streaming.info(server, stream).json()["status"] == "active"
