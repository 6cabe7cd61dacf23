"""The packed id: whose an event is and when it happened, in one 63-bit integer; and its public spelling.

``project (12 bits) | milliseconds since 2020-01-01 UTC (41 bits) | counter (10 bits)``

A project's events are one contiguous, time-ordered run of the table, so every page, range and cursor is a
range of the primary key. The public spelling is a UUID of version 7, computed from the id and a secret of the
store: one to one, in time order within a project, and a forged one is refused.
"""

from hashlib import blake2b
from typing import NamedTuple

EPOCH_MS = 1_577_836_800_000
"""2020-01-01T00:00:00Z in Unix milliseconds: where the packed clock starts."""

COUNTER_BITS = 10
TIME_BITS = 41
LOCAL_BITS = COUNTER_BITS + TIME_BITS
"""The low bits that order events within a project; also what ``legacy_id`` shows, below 2**53."""

LOCAL_MASK = (1 << LOCAL_BITS) - 1
COUNTER_MASK = (1 << COUNTER_BITS) - 1
MAX_PROJECT = (1 << 12) - 1
MAX_MS = EPOCH_MS + (1 << TIME_BITS) - 1

_UUID_VERSION = 7 << 76
_UUID_VARIANT = 2 << 62
_TAG_MASK = (1 << 50) - 1


class Parts(NamedTuple):
    """What an id says: the project's number, Unix milliseconds, and the counter within that millisecond."""

    project: int
    ms: int
    counter: int


def pack(project: int, ms: int, counter: int = 0) -> int:
    """The id of ``counter`` in Unix millisecond ``ms``, clamped to the packed clock's range."""
    ms = min(max(ms, EPOCH_MS), MAX_MS)
    return project << LOCAL_BITS | (ms - EPOCH_MS) << COUNTER_BITS | counter


def unpack(event_id: int) -> Parts:
    """The parts an id was packed from."""
    return Parts(
        event_id >> LOCAL_BITS,
        ((event_id & LOCAL_MASK) >> COUNTER_BITS) + EPOCH_MS,
        event_id & COUNTER_MASK,
    )


def id_ms(event_id: int) -> int:
    """The Unix millisecond an id is filed under."""
    return ((event_id & LOCAL_MASK) >> COUNTER_BITS) + EPOCH_MS


def project_range(project: int, since_ms: int | None = None, until_ms: int | None = None) -> tuple[int, int]:
    """The lowest and highest id of a project, both inclusive; ``until_ms`` is the first millisecond left out."""
    low = pack(project, since_ms) if since_ms is not None else project << LOCAL_BITS
    high = pack(project, until_ms) - 1 if until_ms is not None else project << LOCAL_BITS | LOCAL_MASK
    return low, high


class Spelling:
    """Spells ids as UUIDs of version 7 under a store's 32-byte secret, and reads them back."""

    def __init__(self, secret: bytes) -> None:
        self._tag = blake2b(key=secret, digest_size=8, person=b"tag")
        self._mask = blake2b(key=secret, digest_size=8, person=b"mask")

    def uuid(self, event_id: int) -> str:
        """The public UUID of an id, in canonical lower case."""
        return uuid_text(self.raw(event_id))

    def raw(self, event_id: int) -> bytes:
        """The 16 bytes of the public UUID of an id."""
        digest = self._tag.copy()
        digest.update(event_id.to_bytes(8, "big"))
        tag = int.from_bytes(digest.digest(), "big") & _TAG_MASK
        ms = ((event_id & LOCAL_MASK) >> COUNTER_BITS) + EPOCH_MS
        digest = self._mask.copy()
        digest.update((ms << 50 | tag).to_bytes(13, "big"))
        mask = int.from_bytes(digest.digest(), "big") & MAX_PROJECT
        spelled = (
            ms << 80
            | _UUID_VERSION
            | (event_id & COUNTER_MASK) << 66
            | _UUID_VARIANT
            | ((event_id >> LOCAL_BITS) ^ mask) << 50
            | tag
        )
        return spelled.to_bytes(16, "big")

    def read(self, text: str) -> int | None:
        """The id that ``text`` spells, or None where it is no spelling of this store's."""
        try:
            spelled = int(text.replace("-", ""), 16)
        except ValueError:
            return None
        ms, tag = spelled >> 80, spelled & _TAG_MASK
        if not EPOCH_MS <= ms <= MAX_MS:
            return None
        digest = self._mask.copy()
        digest.update((ms << 50 | tag).to_bytes(13, "big"))
        mask = int.from_bytes(digest.digest(), "big") & MAX_PROJECT
        project = (spelled >> 50 & MAX_PROJECT) ^ mask
        event_id = pack(project, ms, spelled >> 66 & COUNTER_MASK)
        return event_id if self.uuid(event_id) == text.lower() else None


def uuid_text(raw: bytes) -> str:
    """Sixteen bytes in the canonical text form of a UUID."""
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _CROCKFORD for second in _CROCKFORD]


def ulid_text(raw: bytes) -> str:
    """Sixteen bytes in the text form of a ULID: 26 characters of Crockford's base 32, most significant first."""
    number = int.from_bytes(raw, "big")
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def ulid_bytes(text: str) -> bytes | None:
    """The sixteen bytes of a ULID in upper case; None for anything else."""
    if len(text) != 26 or text[0] > "7" or not set(text) <= set(_CROCKFORD):
        return None
    number = 0
    for character in text:
        number = number << 5 | _CROCKFORD.index(character)
    return number.to_bytes(16, "big")
