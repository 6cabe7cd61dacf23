"""Finds the key in a body: most of the product's clients send it there and nowhere else."""

import re

import msgspec

from logserver.api.bodies import UNREADABLE
from logserver.api.request import Request, unpacked
from logserver.contracts.luminalog.bounds import BODY_BYTES
from logserver.contracts.luminalog.refused import RefusedBodies, Sent
from logserver.contracts.luminalog.wire import Keyed
from logserver.core.faults import Fault

_AT_THE_FRONT = re.compile(
    rb'[ \t\r\n]{0,64}\{[ \t\r\n]{0,64}"api_key"[ \t\r\n]{0,8}:[ \t\r\n]{0,8}"([!#-\[\]-~]{1,512})"'
)
"""Where the clients write it; the first of several keys in a body counts, if it stands here."""

_decode = msgspec.json.Decoder(Keyed).decode


def sent_as(request: Request) -> Sent:
    """The body of a request as it was sent."""
    return Sent(request.raw, request.headers.get(b"content-encoding", b"").strip().lower(), request.body_digest)


class BodyKeys:
    """The keys in bodies that were read and not unpacked."""

    GLANCED = 1_024

    def __init__(self, refused: RefusedBodies) -> None:
        self._refused = refused

    @staticmethod
    def glance(request: Request) -> bytes | None:
        """The key at the beginning of a body, as a look at its first bytes shows it."""
        if b"content-encoding" in request.headers:
            return None
        found = _AT_THE_FRONT.match(request.raw)
        return found[1] if found else None

    def search(self, request: Request) -> bytes | None:
        """The key anywhere in a body; None also where the body cannot be read."""
        sent = sent_as(request)
        known = self._refused.secret_of(sent)
        request.body_digest = sent.known
        if known is not None:
            return known
        try:
            raw = unpacked(sent.raw, limit=BODY_BYTES) if sent.encoding in {b"gzip", b"x-gzip"} else sent.raw
            key = _decode(raw).api_key
        except (Fault, *UNREADABLE):
            return None
        return key.strip().encode() if key else None
