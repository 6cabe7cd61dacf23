"""Remembers bodies that were refused: clients of the product resend a refused batch for ever.

Only what depends on the body alone is remembered, never a limit or a fault of the server. A refusal is found by who
sent the body and by its digest, and forgotten some minutes after the body was last resent.
"""

from collections import Counter, OrderedDict
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from logserver.contracts.luminalog.refusals import Rejected
from logserver.contracts.luminalog.wire import Problem
from logserver.core.clock import Clock

MOST = 1_000
"""Refused bodies that are remembered."""

SECONDS = 600.0
"""How long after the last time one was seen."""


class Sent:
    """A body as it was sent, and its content encoding."""

    __slots__ = ("encoding", "known", "raw")

    def __init__(self, raw: bytes, encoding: bytes, known: bytes = b"") -> None:
        self.raw = raw
        self.encoding = encoding
        self.known = known
        """Its digest, once that was made."""

    def digest(self) -> bytes:
        """Equal for equal bodies of one encoding only."""
        if not self.known:
            digest = sha256(self.raw)
            digest.update(b"\0" + self.encoding)
            self.known = digest.digest()
        return self.known


class _Refusal(NamedTuple):
    message: str
    details: Sequence[Problem]
    length: int
    until: float


_Key = tuple[int, bytes]


class RefusedBodies:
    """Refusals of bodies. A body tells nobody but who sent it why it was refused."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: OrderedDict[_Key, _Refusal] = OrderedDict()
        self._secrets: dict[bytes, bytes] = {}
        self._lengths: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._known)

    def check(self, sender: int, sent: Sent) -> None:
        """Raise Rejected again for a body of a sender (the number of a credential) that was refused before."""
        # A body is digested only where one of its length was refused: a good one costs nothing here.
        if len(sent.raw) not in self._lengths:
            return
        key = (sender, sent.digest())
        refusal, now = self._known.get(key), self._clock.monotonic()
        if refusal is None:
            return
        if refusal.until <= now:
            self._forget(key)
            return
        self._known[key] = refusal._replace(until=now + SECONDS)
        self._known.move_to_end(key)
        raise Rejected(refusal.message, refusal.details, again=True)

    def secret_of(self, sent: Sent) -> bytes | None:
        """The key that was found in a body which was then refused: whoever sends the body sends it, too."""
        return self._secrets.get(sent.digest()) if len(sent.raw) in self._lengths else None

    def remember(self, sender: int, sent: Sent, fault: Rejected, *, secret: bytes | None = None) -> None:
        """Keep the refusal of a body, and the key in it where finding that again would be work."""
        digest, length = sent.digest(), len(sent.raw)
        key = (sender, digest)
        if key in self._known:
            self._forget(key)
        self._known[key] = _Refusal(str(fault), fault.details, length, self._clock.monotonic() + SECONDS)
        self._lengths[length] += 1
        if secret is not None:
            self._secrets[digest] = secret
        if len(self._known) > MOST:
            self._forget(next(iter(self._known)))

    def _forget(self, key: _Key) -> None:
        length = self._known.pop(key).length
        self._secrets.pop(key[1], None)
        self._lengths[length] -= 1
        if not self._lengths[length]:
            del self._lengths[length]
