"""A real mail server on a loopback port, that keeps what it is given or refuses it."""

import asyncio
import threading
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

PATIENCE = 60.0


class Mailbox:
    """Listens from its making to the end of its ``with``.

    ``refusals`` are answers to the first messages, as (command, answer): ``("RCPT", "550 nobody")``; after them
    everything is taken. ``login`` is the pair of user and password that it knows.
    """

    def __init__(self, *refusals: tuple[str, str], login: tuple[str, str] | None = None) -> None:
        self.letters: list[EmailMessage] = []
        self.logins: list[str] = []
        self._refusals = list(refusals)
        self._login = login
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(self._loop.create_server(self._protocol, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._server.close()
        self._loop.run_until_complete(self._hang_up(asyncio.all_tasks(self._loop)))
        self._loop.close()

    async def _hang_up(self, sessions: set["asyncio.Task[None]"]) -> None:
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)

    def _protocol(self) -> SMTP:
        return SMTP(
            self,
            loop=self._loop,
            enable_SMTPUTF8=True,
            hostname="mailbox.test",
            auth_require_tls=False,
            authenticator=self._authenticate if self._login else None,
        )

    def _authenticate(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, said: Any) -> AuthResult:
        assert self._login is not None
        user, password = self._login
        known = isinstance(said, LoginPassword) and (said.login, said.password) == (user.encode(), password.encode())
        if known:
            self.logins.append(user)
        return AuthResult(success=known, handled=False)

    def _refusal(self, command: str) -> str | None:
        if self._refusals and self._refusals[0][0] == command:
            return self._refusals.pop(0)[1]
        return None

    async def handle_MAIL(  # noqa: N802 - the library's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refusal := self._refusal("MAIL"):
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - the library's name for it
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if refusal := self._refusal("RCPT"):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        if refusal := self._refusal("DATA"):
            return refusal
        assert isinstance(envelope.content, bytes)
        letter = message_from_bytes(envelope.content, policy=default)
        letter["X-Envelope"] = f"{envelope.mail_from} {' '.join(envelope.rcpt_tos)}"
        self.letters.append(letter)
        return "250 OK"
