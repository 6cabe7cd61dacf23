"""Opaque cursors: a place between two events, and the way on from there, bound to the search they belong to.

A place is a number in the order of all projects' events, time and counter first. What is below it is older,
all else is newer: nothing that arrives later can shift it, so paging never skips or repeats.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b
from hmac import compare_digest
from typing import NamedTuple

from logserver.store.errors import CursorError
from logserver.store.ids import LOCAL_BITS, LOCAL_MASK, MAX_PROJECT

_VERSION = 1
_SPELLED = re.compile("[A-Za-z0-9_-]{24}")
_PROJECT_BITS = MAX_PROJECT.bit_length()
TOP = 1 << LOCAL_BITS + _PROJECT_BITS
"""The boundary that every event is below."""


class Place(NamedTuple):
    """Where a page begins: the events below ``boundary``, newest first, or those from it on, oldest first."""

    newer: bool
    boundary: int


def order(event_id: int) -> int:
    """Where an event stands among those of all projects; a greater number is newer."""
    return (event_id & LOCAL_MASK) << _PROJECT_BITS | event_id >> LOCAL_BITS


def below(project: int, boundary: int) -> int:
    """The greatest id of a project whose order is below ``boundary``; it may lie before all of its ids."""
    local, first = boundary >> _PROJECT_BITS, boundary & MAX_PROJECT
    return (project << LOCAL_BITS) + local - (project >= first)


def spell(place: Place, bound: bytes, secret: bytes) -> str:
    """The cursor of a place, signed with ``secret`` for the search that ``bound`` stands for."""
    payload = bytes((_VERSION, place.newer)) + place.boundary.to_bytes(8, "big")
    return urlsafe_b64encode(payload + _signature(payload, bound, secret)).decode()


def read(cursor: str, bound: bytes, secret: bytes) -> Place:
    """The place a cursor stands for; raises CursorError for one that was not spelled for this search."""
    if not _SPELLED.fullmatch(cursor):
        raise CursorError("this is no cursor")
    raw = urlsafe_b64decode(cursor)
    payload, signature = raw[:10], raw[10:]
    if not compare_digest(signature, _signature(payload, bound, secret)) or payload[0] != _VERSION:
        raise CursorError("the cursor belongs to another search; start again without it")
    return Place(newer=bool(payload[1]), boundary=int.from_bytes(payload[2:], "big"))


def _signature(payload: bytes, bound: bytes, secret: bytes) -> bytes:
    return blake2b(payload + bound, key=secret, digest_size=8, person=b"cursor").digest()
