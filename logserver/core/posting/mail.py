"""E-mail by the operator's own SMTP server: plain text, one letter for each delivery of a webhook, and to people.

A recipient or a message that is refused for good (5xx) is given up at once; all else is tried again.
"""

import asyncio
import contextlib
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate, parseaddr
from typing import Literal

import msgspec

from logserver.core.aside import Aside
from logserver.core.posting import messages
from logserver.core.posting.post import Delivery, Outcome

Security = Literal["starttls", "tls", "none"]

_MOST_SESSIONS = 16
_DOMAIN = "localhost"


class Smtp(msgspec.Struct, frozen=True):
    """A mail server, and who we are to it; without ``user`` there is no login."""

    host: str
    port: int
    user: str
    password: str
    sender: str
    """The From header: an address, or a name and an address in angle brackets."""
    security: Security

    def __repr__(self) -> str:
        """Without the password."""
        return f"Smtp({self.host}:{self.port}, {self.security})"

    def domain(self) -> str:
        """The domain of the sender, by which we greet the server and name our messages."""
        return parseaddr(self.sender)[1].rpartition("@")[2] or _DOMAIN


class Letter(msgspec.Struct, frozen=True):
    """What is sent to a mailbox; ``message`` is its id, the same with every attempt."""

    message: str
    subject: str
    text: str

    def __repr__(self) -> str:
        """Without what is in it."""
        return f"Letter({self.message})"


class Mailer:
    """Sends letters, each in a session of its own."""

    def __init__(self, smtp: Smtp, *, step_seconds: float = 10.0, seconds: float = 30.0) -> None:
        self._smtp = smtp
        self._step_seconds = step_seconds
        self._seconds = seconds
        self._aside = Aside(_MOST_SESSIONS)

    async def send(self, recipient: str, delivery: Delivery, now_ms: int) -> Outcome:
        """Send a delivery to a mailbox; whatever goes wrong is in the outcome."""
        return await self._send(recipient, compose(self._smtp, recipient, delivery, now_ms))

    async def send_letter(self, recipient: str, letter: Letter, now_ms: int) -> Outcome:
        """Send a letter to a mailbox; whatever goes wrong is in the outcome."""
        return await self._send(recipient, _composed(self._smtp, recipient, letter, now_ms))

    async def _send(self, recipient: str, composed: EmailMessage) -> Outcome:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._aside.run(_send, self._smtp, composed, recipient, self._step_seconds)
        except TimeoutError:
            return Outcome(error=f"the mail server took longer than {self._seconds:g} s")


def compose(smtp: Smtp, recipient: str, delivery: Delivery, now_ms: int) -> EmailMessage:
    """The letter of a delivery; its Message-ID is the same with every attempt."""
    subject, text = messages.letter(delivery.body)
    return _composed(smtp, recipient, Letter(delivery.message, subject, text), now_ms)


def _composed(smtp: Smtp, recipient: str, letter: Letter, now_ms: int) -> EmailMessage:
    composed = EmailMessage(policy=SMTP_POLICY)
    composed["From"] = smtp.sender
    composed["To"] = recipient
    composed["Subject"] = letter.subject
    composed["Date"] = formatdate(now_ms / 1_000)
    composed["Message-ID"] = f"<{letter.message}@{smtp.domain()}>"
    composed["Auto-Submitted"] = "auto-generated"
    composed.set_content(letter.text)
    return composed


def _send(smtp: Smtp, letter: EmailMessage, recipient: str, seconds: float) -> Outcome:
    try:
        client = _connected(smtp, seconds)
        try:
            if smtp.user:
                client.login(smtp.user, smtp.password)
            client.send_message(letter, parseaddr(smtp.sender)[1], [recipient])
            # It has taken the message; how it says goodbye changes nothing.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                client.quit()
        finally:
            client.close()
    except (smtplib.SMTPException, OSError) as error:
        return _refused(error)
    return Outcome(status=250)


def _connected(smtp: Smtp, seconds: float) -> smtplib.SMTP:
    trust = ssl.create_default_context() if smtp.security != "none" else None
    if trust is not None and smtp.security == "tls":
        return smtplib.SMTP_SSL(smtp.host, smtp.port, smtp.domain(), timeout=seconds, context=trust)
    client = smtplib.SMTP(smtp.host, smtp.port, smtp.domain(), timeout=seconds)
    if trust is not None:
        try:
            client.starttls(context=trust)
        except BaseException:
            client.close()
            raise
    return client


def _refused(error: smtplib.SMTPException | OSError) -> Outcome:
    """What went wrong, in words of ours: a server may repeat what it was sent."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next(iter(error.recipients.values()))[0]
        return Outcome(status=code, error="the recipient was refused", final=code >= 500)
    if isinstance(error, smtplib.SMTPDataError):
        return Outcome(status=error.smtp_code, error="the message was refused", final=error.smtp_code >= 500)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Outcome(status=error.smtp_code, error="the mail server refused the login")
    if isinstance(error, smtplib.SMTPSenderRefused):
        return Outcome(status=error.smtp_code, error="the mail server refused the sender")
    if isinstance(error, smtplib.SMTPResponseException):
        return Outcome(status=error.smtp_code if error.smtp_code > 0 else None, error="the mail server refused us")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Outcome(error="the mail server offers no such security or login")
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return Outcome(error="the mail server broke off or does not answer")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Outcome(error=f"TLS to the mail server: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return Outcome(error="TLS to the mail server failed")
    return Outcome(
        error=f"no connection to the mail server: {getattr(error, 'strerror', None) or 'it does not answer'}"
    )
