"""Letters to people who have forgotten their password: a link that sets a new one, by mail.

Asking is only noted. Whether there is such a user is looked at by the job that sends, so that whoever asks learns
nothing, neither from the answer nor from how long it takes. What waits is kept in memory: a restart forgets it.
"""

import asyncio
import logging
import secrets
from collections import deque

from logserver.core.clock import Clock
from logserver.core.faults import NotFound, TooMany
from logserver.core.limits import Windows
from logserver.core.people import accounts, links
from logserver.core.people.accounts import User
from logserver.core.people.links import Link
from logserver.core.posting.mail import Letter, Mailer, Smtp
from logserver.core.posting.post import Outcome
from logserver.store.database import Database
from logserver.store.traces import trace
from logserver.store.tx import Tx

logger = logging.getLogger("logserver.letters")

PAUSES = (10, 60, 300)
"""Seconds from a failed attempt to the next one; after the last a letter is given up."""

PER_HOUR = 3
"""Letters that one user is sent within an hour, however often somebody asks."""

MOST_WAITING = 500
"""What may wait to be looked at, and as many letters to be sent; what comes on top is dropped."""

_PASS = 20


class _Waiting:
    """A letter on its way."""

    def __init__(self, user: User, letter: Letter) -> None:
        self.user = user
        self.letter = letter
        self.attempts = 0
        self.due = 0.0


class Letters:
    """Sends links to set a password; one_pass must run about once a second."""

    def __init__(self, database: Database, clock: Clock, smtp: Smtp | None, *, address: str) -> None:
        self._database = database
        self._clock = clock
        self._mailer = Mailer(smtp) if smtp is not None else None
        self._address = address
        self._asked: deque[str] = deque()
        self._waiting: deque[_Waiting] = deque()
        self._sent = Windows(clock)
        self._passing = asyncio.Lock()

    def ask(self, email: str) -> None:
        """Note that somebody has forgotten the password of an e-mail address; at once, whoever that is."""
        if len(self._asked) < MOST_WAITING:
            self._asked.append(email)

    async def one_pass(self, now_ms: int) -> bool:
        """Look at what was asked for and send what is due, as far as a pass goes; True while there is more.

        One at a time: another one waits for it.
        """
        async with self._passing:
            return await self._pass(now_ms)

    async def _pass(self, now_ms: int) -> bool:
        for _ in range(min(_PASS, len(self._asked))):
            await self._prepare(self._asked.popleft(), now_ms)
        now = self._clock.monotonic()
        due = [waiting for waiting in self._waiting if waiting.due <= now][:_PASS]
        for waiting in due:
            self._waiting.remove(waiting)
        await asyncio.gather(*(self._try(waiting, now_ms) for waiting in due))
        self._sent.prune()
        return bool(self._asked)

    async def _prepare(self, email: str, now_ms: int) -> None:
        if self._mailer is None:
            logger.warning("a new password was asked for; without smtp_host, `logserver user reset-password` helps")
            return
        user = await self._database.look_up(_active, email)
        if user is None or len(self._waiting) >= MOST_WAITING:
            return
        try:
            self._sent.take(user.number, limit=PER_HOUR, seconds=3_600)
        except TooMany:
            return
        link = await self._database.write(links.issue, user.number, now_ms)
        text = written(self._address, user, link)
        self._waiting.append(_Waiting(user, Letter(f"reset_{secrets.token_hex(16)}", "Set a new password", text)))

    async def _try(self, waiting: _Waiting, now_ms: int) -> None:
        outcome = await self._outcome(waiting, now_ms)
        if outcome.error is None:
            return
        waiting.attempts += 1
        if outcome.final or waiting.attempts > len(PAUSES):
            logger.warning("a letter to user %s was given up: %s", waiting.user.uuid, outcome.error)
            return
        waiting.due = self._clock.monotonic() + PAUSES[waiting.attempts - 1]
        self._waiting.append(waiting)

    async def _outcome(self, waiting: _Waiting, now_ms: int) -> Outcome:
        assert self._mailer is not None  # noqa: S101 - nothing waits without one
        try:
            return await self._mailer.send_letter(waiting.user.email, waiting.letter, now_ms)
        except Exception as error:  # noqa: BLE001 - logged, without its words; other letters go on
            logger.error("a letter could not be written\n%s", trace(error))  # noqa: TRY400 - its words stay out
            return Outcome(error=type(error).__name__, final=True)


def written(address: str, user: User, link: Link) -> str:
    """The text of the letter; the name is not in it, which whoever registered with this address has chosen."""
    return (
        f"Somebody, probably you, wants to set a new password for {user.email} at {address}.\n"
        "This link does it, once and within an hour:\n\n"
        f"{links.reset_url(address, link.token)}\n\n"
        "A program sends the token of the link itself, as `token` beside `new_password`, to\n"
        f"POST {address.rstrip('/')}/api/v1/auth/reset-password. The token is\n\n"
        f"{link.token}\n\n"
        "If it was not you, there is nothing to do: your password is as it was.\n"
    )


def _active(tx: Tx, email: str) -> User | None:
    try:
        user = accounts.by_email(tx, email)
    except NotFound:
        return None
    return user if user.disabled_at is None else None
