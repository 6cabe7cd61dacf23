import asyncio
import socket
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logserver.core.posting import mail
from logserver.core.posting.mail import Smtp
from logserver.core.posting.post import Attempt, Delivery
from tests.core.posting.posting import Outbox, outbox
from tests.fakes import START_MS
from tests.mailbox import Mailbox
from tests.receiver import Receiver, hang

TO = "mailto:ops@example.com"


def smtp(port: int, **values: Any) -> Smtp:
    usual: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": port,
        "user": "",
        "password": "",
        "sender": "Log server <logs@example.org>",
        "security": "none",
    }
    return Smtp(**usual | values)


def tried(folder: Path, server: Smtp | None, *, times: int = 1, **alert: Any) -> list[Attempt]:
    """Send an alert by mail and list the attempts, newest first; each next one when it is due."""

    async def run() -> list[Attempt]:
        async with outbox(folder) as box:
            return await _try(box)

    async def _try(box: Outbox) -> list[Attempt]:
        webhook = await box.hook(TO)
        await box.alert(**alert)
        dispatcher = box.dispatcher(smtp=server, allow_private=False)
        for _ in range(times):
            await box.sends(dispatcher)
            box.clock.turn(60)
        return await box.attempts(webhook)

    return asyncio.run(run())


def test_a_letter_arrives(tmp_path: Path) -> None:
    with Mailbox() as mailbox:
        (attempt,) = tried(tmp_path, smtp(mailbox.port), group_key="caf\u00e9")
        (letter,) = mailbox.letters
    assert (attempt.status, attempt.error, attempt.next_at) == (250, None, None)
    assert letter["From"] == "Log server <logs@example.org>"
    assert letter["To"] == "ops@example.com"
    assert letter["Subject"] == "[HIGH] auth_brute_force triggered"
    assert letter["Message-ID"] == f"<{attempt.message}@example.org>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["X-Envelope"] == "logs@example.org ops@example.com"
    assert parsedate_to_datetime(letter["Date"]).timestamp() == START_MS // 1_000
    assert letter.get_content_type() == "text/plain"
    assert "actor_id: caf\u00e9" in letter.get_content()


def test_what_is_refused_for_now_is_tried_again_under_the_same_id(tmp_path: Path) -> None:
    refusals = [("RCPT", "451 later"), ("DATA", "452 full"), ("MAIL", "550 not you")]
    with Mailbox(*refusals) as mailbox:
        attempts = tried(tmp_path, smtp(mailbox.port), times=9)[::-1]
        assert [(each.status, each.error) for each in attempts[:2]] == [
            (451, "the recipient was refused"),
            (452, "the message was refused"),
        ]
        assert attempts[2].error == "the mail server refused the sender"


@pytest.mark.parametrize("refusal", [("RCPT", "550 nobody here"), ("DATA", "554 spam")])
def test_what_is_refused_for_good_is_given_up(tmp_path: Path, refusal: tuple[str, str]) -> None:
    with Mailbox(refusal) as mailbox:
        (attempt,) = tried(tmp_path, smtp(mailbox.port), times=3)
    assert (attempt.status, attempt.next_at) == (int(refusal[1][:3]), None)
    assert attempt.error in {"the recipient was refused", "the message was refused"}
    assert not mailbox.letters


def test_a_login_that_the_server_knows_and_one_that_it_does_not(tmp_path: Path) -> None:
    with Mailbox(login=("logs", "sesame")) as mailbox:
        (attempt,) = tried(tmp_path / "right", smtp(mailbox.port, user="logs", password="sesame"))
        assert (attempt.error, mailbox.logins) == (None, ["logs"])
        (attempt,) = tried(tmp_path / "wrong", smtp(mailbox.port, user="logs", password="pepper"))
        assert (attempt.status, attempt.error) == (535, "the mail server refused the login")
        assert attempt.next_at is not None
        assert len(mailbox.letters) == 1


def test_a_server_that_does_not_do_what_it_should(tmp_path: Path) -> None:
    with Mailbox() as mailbox:
        (attempt,) = tried(tmp_path / "plain", smtp(mailbox.port, security="starttls"))
        assert attempt.error == "the mail server offers no such security or login"
        (attempt,) = tried(tmp_path / "tls", smtp(mailbox.port, security="tls"))
        assert attempt.error == "TLS to the mail server failed"
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    (attempt,) = tried(tmp_path / "closed", smtp(port))
    assert attempt.error == "no connection to the mail server: Connection refused"
    assert attempt.next_at is not None
    (attempt,) = tried(tmp_path / "none", None)
    assert attempt.error == "there is no SMTP server"


def test_a_server_that_never_answers() -> None:
    delivery = Delivery(1, "msg_1", 1, TO, "", '{"type": "alert.triggered", "data": {}}', START_MS)

    async def run(receiver: Receiver) -> list[str | None]:
        slow_steps = mail.Mailer(smtp(receiver.port), step_seconds=0.2)
        slow = mail.Mailer(smtp(receiver.port), seconds=0.2)
        return [(await mailer.send("ops@example.com", delivery, START_MS)).error for mailer in (slow_steps, slow)]

    with Receiver(hang) as receiver:
        steps, whole = asyncio.run(run(receiver))
        assert steps == "the mail server broke off or does not answer"
        assert whole == "the mail server took longer than 0.2 s"


@settings(deadline=None)
@given(st.text(max_size=300), st.text(max_size=300))
def test_no_value_becomes_a_header(name: str, key: str) -> None:
    body = msgspec.json.encode(
        {"type": "alert.triggered", "data": {"rule_name": name + "\r\nBcc: x@example.com", "group_key": key}}
    ).decode()
    delivery = Delivery(1, "msg_1", 1, TO, "", body, START_MS)
    letter = mail.compose(smtp(25), "ops@example.com", delivery, START_MS)
    head = letter.as_bytes().partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith(b" ")]
    assert b"Bcc" not in names
    assert len(names) == len(set(names))


def test_the_password_is_not_shown() -> None:
    assert "sesame" not in repr(smtp(25, user="logs", password="sesame"))
