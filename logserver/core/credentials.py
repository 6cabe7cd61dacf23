"""Who is asking: credentials remembered between requests, forgotten as soon as anything about tokens changes."""

from collections import OrderedDict
from typing import TypeVar

from logserver.core import tokens
from logserver.core.clock import Clock
from logserver.core.tokens import Credential
from logserver.store.database import Database
from logserver.store.tx import Tx

V = TypeVar("V")

_REMEMBERED = 10_000
_REFUSED_REMEMBERED = 2_000


class Credentials:
    """Finds the credential of a secret; watch() must run twice a second, so that a revocation is quick."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._generation = -1
        self._known: OrderedDict[bytes, Credential] = OrderedDict()
        self._refused: OrderedDict[bytes, None] = OrderedDict()
        self._uses: dict[int, int] = {}

    def remembered(self, secret: bytes) -> Credential | None:
        """The credential of a secret that was found a moment ago; None means: ask find()."""
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
        if credential := self.remembered(secret):
            return credential
        key = tokens.digest(secret)
        if key in self._refused:
            return None
        credential, generation = await self._database.look_up(tokens.find, key)
        if generation < self._generation:
            # Something changed between the look-up and now; the answer is older than what is known.
            credential, generation = await self._database.look_up(tokens.find, key)
        if generation > self._generation:
            self._forget(generation)
        if credential is None:
            _remember(self._refused, key, None, _REFUSED_REMEMBERED)
            return None
        if credential.expires_at is not None and credential.expires_at <= self._clock.now_ms():
            return None
        _remember(self._known, key, credential, _REMEMBERED)
        self._uses[credential.id] = self._clock.now_ms()
        return credential

    async def watch(self) -> None:
        """Forget everything when the shell or a request has changed tokens, projects or their limits."""
        generation = await self._database.look_up(_generation)
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


def _generation(tx: Tx) -> int:
    return int(tx.execute("SELECT n FROM generation").fetchone()[0])


def _remember(memory: "OrderedDict[bytes, V]", key: bytes, value: V, bound: int) -> None:
    memory[key] = value
    if len(memory) > bound:
        memory.popitem(last=False)
