r"""The links of a chain and its head: what is hashed, and what is signed.

``content_hash`` = SHA-256(previous hash in hex + "\n" + RFC 8785 JSON of the event without its hash), from 64
zeros on (contracts: LogStitch, Ids and chain).
"""

from hashlib import sha256
from typing import Any, NamedTuple

from logserver.contracts.logstitch.canonical import canonical

BEGINNING = bytes(32)
"""The hash before the first event."""


class Head(NamedTuple):
    """The last link of a project's chain: its number (from 1; 0 for an empty chain) and its hash."""

    seq: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash.hex()}"


NO_HEAD = Head(0, BEGINNING)
"""The head of an empty chain."""


def content_hash(before: bytes, published: dict[str, Any]) -> bytes:
    """The hash of an event after the one with the hash ``before``; 32 bytes.

    Raises ValueError for what has no canonical JSON, which nothing has that was checked when it came in.
    """
    return sha256(before.hex().encode() + b"\n" + canonical(published)).digest()


def head_message(project_uuid: str, head: Head) -> bytes:
    """What the signature of a head is of."""
    return f"logserver audit head 1\n{project_uuid}\n{head.seq}\n{head.hash.hex()}".encode()


def as_hash(value: object) -> bytes:
    """What a column of hashes or signatures holds; empty, which is neither, where somebody put something else."""
    return value if isinstance(value, bytes) else b""
