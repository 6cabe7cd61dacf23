"""Opaque cursors of lists that are not events: a place in a list, signed for the list and its filters."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from hmac import compare_digest

from logserver.store.errors import CursorError

Place = tuple[int, int]
"""Where a page ended: the time of its last entry in Unix milliseconds, and its number."""

_SPELLED = re.compile("[A-Za-z0-9_-]{32}")


def spell(place: Place, bound: bytes, secret: bytes) -> str:
    """The cursor of a place in the list that ``bound`` stands for."""
    payload = b"".join(number.to_bytes(8, "big") for number in place)
    return urlsafe_b64encode(payload + _signature(payload, bound, secret)).decode()


def read(cursor: str, bound: bytes, secret: bytes) -> Place:
    """The place of a cursor; raises CursorError for one that was not spelled for this list."""
    if _SPELLED.fullmatch(cursor):
        raw = urlsafe_b64decode(cursor)
        payload = raw[:16]
        if compare_digest(raw[16:], _signature(payload, bound, secret)):
            return int.from_bytes(payload[:8], "big"), int.from_bytes(payload[8:], "big")
    raise CursorError("the cursor belongs to another list; start again without it")


def _signature(payload: bytes, bound: bytes, secret: bytes) -> bytes:
    return blake2b(payload + bound, key=secret, digest_size=8, person=b"list").digest()
