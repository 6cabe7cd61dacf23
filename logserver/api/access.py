"""The access log: one line an answer, which names no secret and nothing of a query."""

import codecs
import logging
from collections.abc import Callable

import msgspec

logger = logging.getLogger("logserver.access")

# Read from its file the first time that it is asked for, which must not be when no file can be opened any more.
codecs.lookup("unicode_escape")

Peer = tuple[str, int] | None


class AccessLog:
    """Writes the lines; ``address(client, forwarded)`` is the sender's, ``json`` their form."""

    def __init__(self, *, address: Callable[[Peer, bytes], str], json: bool) -> None:
        self._address = address
        self._json = json

    def write(
        self, sender: tuple[Peer, bytes], asked: tuple[str, str], status: int, *, seconds: float, sent: int
    ) -> None:
        """Log an answer: to whom (the peer, and what X-Forwarded-For says), to what method and path, how many bytes."""
        address = self._address(*sender)
        method, path = asked
        if self._json:
            line = {
                "method": method,
                "path": path,
                "status": status,
                "ms": round(seconds * 1000, 2),
                "bytes": sent,
                "address": address,
            }
            logger.info("%s", msgspec.json.encode(line).decode())
        else:
            plain = path.encode("unicode_escape").decode()
            logger.info("%s %s %s %d %.1fms %dB", address, method, plain, status, seconds * 1000, sent)
