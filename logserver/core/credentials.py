"""Who is asking: credentials remembered between requests, forgotten as soon as anything about tokens changes."""

from collections import OrderedDict
from collections.abc import Collection
from typing import TypeVar

from logserver.core import tokens, viewers
from logserver.core.clock import Clock
from logserver.core.people import sessions
from logserver.core.projects import generation as generation_of
from logserver.core.tokens import Credential
from logserver.store.database import Database

V = TypeVar("V")

_REMEMBERED = 10_000
_REFUSED_REMEMBERED = 2_000
_LONGEST_SECRET = 4_096
"""Bytes of a secret that are looked at; no token has as many."""


class Credentials:
    """Finds the credential of a secret; watch() must run twice a second, so that a revocation is quick.

    People whose e-mail address is among ``admins`` are admins.
    """

    def __init__(self, database: Database, clock: Clock, admins: Collection[str] = frozenset()) -> None:
        self._database = database
        self._admins = admins
        self._clock = clock
        self._generation = -1
        self._known: OrderedDict[bytes, Credential] = OrderedDict()
        self._refused: OrderedDict[bytes, None] = OrderedDict()
        self._uses: dict[int, int] = {}

    @property
    def generation(self) -> int:
        """Which state of tokens, projects and people is remembered; another number, another state."""
        return self._generation

    def remembered(self, secret: bytes) -> Credential | None:
        """The credential of a secret that was found a moment ago; None means: ask find()."""
        if len(secret) > _LONGEST_SECRET:
            return None
        credential = self._known.get(tokens.digest(secret))
        if credential is None:
            return None
        now = self._clock.now_ms()
        if credential.expires_at is not None and credential.expires_at <= now:
            return None
        self._uses[credential.id] = now
        return credential

    async def find(self, secret: bytes) -> Credential | None:
        """The valid credential of a secret, or None: unknown, revoked, expired, or of an archived project."""
        if len(secret) > _LONGEST_SECRET:
            return None
        if credential := self.remembered(secret):
            return credential
        key = tokens.digest(secret)
        if key in self._refused:
            return None
        credential, generation = await self._look_up(secret, key)
        if generation < self._generation:
            # Something changed between the look-up and now; the answer is older than what is known.
            credential, generation = await self._look_up(secret, key)
        if generation > self._generation:
            self._forget(generation)
        if credential is None:
            if not (viewers.is_one(secret) or sessions.is_one(secret)):  # what is signed but too early is good later
                _remember(self._refused, key, None, _REFUSED_REMEMBERED)
            return None
        if credential.expires_at is not None and credential.expires_at <= self._clock.now_ms():
            return None
        _remember(self._known, key, credential, _REMEMBERED)
        self._uses[credential.id] = self._clock.now_ms()
        return credential

    async def _look_up(self, secret: bytes, key: bytes) -> tuple[Credential | None, int]:
        if viewers.is_one(secret):
            return await self._database.look_up(viewers.find, secret, self._clock.now_ms())
        if sessions.is_one(secret):
            return await self._database.look_up(sessions.find, secret, self._clock.now_ms(), self._admins)
        return await self._database.look_up(tokens.find, key)

    async def watch(self) -> None:
        """Forget everything when the shell or a request has changed tokens, projects or their limits."""
        generation = await self._database.look_up(generation_of)
        if generation != self._generation:
            self._forget(generation)

    def _forget(self, generation: int) -> None:
        self._generation = generation
        self._known.clear()
        self._refused.clear()

    async def flush_uses(self) -> None:
        """Write down when tokens were last used, all since the last time in one go."""
        if self._uses:
            uses, self._uses = self._uses, {}
            await self._database.write(tokens.record_uses, uses)


def _remember(memory: "OrderedDict[bytes, V]", key: bytes, value: V, bound: int) -> None:
    memory[key] = value
    if len(memory) > bound:
        memory.popitem(last=False)
