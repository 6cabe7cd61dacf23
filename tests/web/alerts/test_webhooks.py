"""The pages of webhooks."""

import msgspec
import pytest

from tests.receiver import Receiver, answer
from tests.serving import Sender, Serve, Server
from tests.web.browsing import Visitor, member, text_of

HOOK = {"url": "https://hooks.example.com/T0/secret-part", "enabled": "on"}


@pytest.fixture
def server(serve: Serve) -> Server:
    return serve(allow_private_webhooks=True)


@pytest.fixture
def owner(server: Server, sender: Sender) -> Visitor:
    return member(server, sender.project, "olga@example.com", "owner")


def of(sender: Sender, path: str = "") -> str:
    return f"/p/{sender.project.slug}/alerts/webhooks{path}"


def made(server: Server, owner: Visitor, sender: Sender, url: str = HOOK["url"]) -> str:
    shown = owner.post(of(sender), {**HOOK, "url": url})
    assert shown.status_code == 200, shown.text
    return str(server.rows("SELECT uuid FROM webhooks ORDER BY id DESC")[0][0])


def send(server: Server) -> None:
    server.run(server.app.dispatcher.one_pass, server.clock.now_ms())
    server.run(server.app.dispatcher.settled)


def test_the_secret_is_shown_once(server: Server, sender: Sender, owner: Visitor) -> None:
    assert "sent nowhere yet" in text_of(owner.get(of(sender)))
    shown = owner.post(of(sender), {**HOOK, "events": ["alert.triggered", "high", "nonsense"]})
    ((hook, secret, events),) = server.rows("SELECT uuid, secret, events FROM webhooks")
    assert secret in shown.text
    assert msgspec.json.decode(events) == ["alert.triggered", "high"]
    assert secret not in owner.get(of(sender)).text + owner.get(of(sender, f"/{hook}")).text


def test_a_test_is_sent_and_its_attempt_shown(server: Server, sender: Sender, owner: Visitor) -> None:
    with Receiver(answer(204)) as receiver:
        hook = made(server, owner, sender, receiver.url)
        page = owner.follow(owner.post(of(sender, f"/{hook}/test")))
        assert "A test is on its way" in text_of(page)
        assert "waiting" in text_of(page)
        assert "hx-get" in page.text
        send(server)
        (request,) = receiver.wait_for(1)
    message = msgspec.json.decode(request.body)
    assert (message["type"], message["data"]["severity"]) == ("alert.test", "low")
    assert request.headers["webhook-signature"].startswith("v1,")
    owner.headers["HX-Request"] = "true"
    part = owner.get(of(sender, f"/{hook}"))
    assert "<html" not in part.text
    assert "hx-get" not in part.text
    assert "alert.test delivered 204" in text_of(part)


def test_what_failed_says_why_and_when_it_is_tried_again(server: Server, sender: Sender, owner: Visitor) -> None:
    with Receiver(answer(500)) as receiver:
        hook = made(server, owner, sender, receiver.url)
        owner.post(of(sender, f"/{hook}/test"))
        send(server)
    said = text_of(owner.get(of(sender, f"/{hook}")))
    assert "alert.test failed 500" in said
    assert "in 3 s" in said


def test_a_webhook_is_changed_and_deleted(server: Server, sender: Sender, owner: Visitor) -> None:
    hook = made(server, owner, sender)
    answer = owner.post(of(sender, f"/{hook}"), url="https://other.example/x", events=["critical"])
    assert "The webhook is changed." in text_of(owner.follow(answer))
    assert server.rows("SELECT url, enabled, events FROM webhooks") == [("https://other.example/x", 0, '["critical"]')]
    assert "the webhook is off" in text_of(owner.follow(owner.post(of(sender, f"/{hook}/test")))).lower()
    assert server.count("deliveries") == 0
    assert owner.post(of(sender, f"/{hook}/delete")).status_code == 303
    assert server.count("webhooks") == 0


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "ftp://x.example/", "https://u:p@x.example/", "mailto:a@b.c"]
)
def test_an_address_that_cannot_be_used_is_refused(server: Server, sender: Sender, owner: Visitor, url: str) -> None:
    answer = owner.post(of(sender), url=url, enabled="on")
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    hook = made(server, owner, sender)
    assert owner.post(of(sender, f"/{hook}"), url=url).status_code == 422
    assert server.rows("SELECT url FROM webhooks") == [(HOOK["url"],)]


def test_members_see_no_whole_address_and_change_nothing(server: Server, sender: Sender, owner: Visitor) -> None:
    hook = made(server, owner, sender)
    visitor, stranger = member(server, sender.project), member(server, server.sender("other").project, "eve@x.example")
    for path in ("", f"/{hook}"):
        page = visitor.get(of(sender, path)).text
        assert "hooks.example.com" in page
        assert "secret-part" not in page
        assert visitor.post(of(sender, path), HOOK).status_code == 403
        assert stranger.get(of(sender, path)).status_code == 404
    for path in (f"/{hook}/test", f"/{hook}/delete"):
        assert visitor.post(of(sender, path)).status_code == 403
        assert stranger.post(of(sender, path)).status_code == 404
    assert visitor.get(of(sender, "/new")).status_code == 403
    assert owner.get(of(sender, "/no-such-hook")).status_code == 404
    assert server.count("webhooks") == 1
