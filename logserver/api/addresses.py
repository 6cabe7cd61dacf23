"""Under which address a client reaches the server, for links in answers."""

import re

from logserver.api.gate import Gate
from logserver.api.request import Request

_AUTHORITY = re.compile(rb"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def origin(request: Request, gate: Gate, public_url: str) -> str:
    """``http://host:port`` or ``https://…`` of the same, with the path of a public address that has one."""
    return "http" + socket_origin(request, gate, public_url.strip()).removeprefix("ws")


def socket_origin(request: Request, gate: Gate, public_url: str) -> str:
    """``ws://host:port`` or ``wss://…``, without a slash behind it.

    It is the public address where one is set; else the Host the request was sent to, secure where a trusted proxy
    says so (X-Forwarded-Proto), or where the server itself was asked by HTTPS.
    """
    if public_url:
        return "ws" + public_url.rstrip("/").removeprefix("http")
    host = request.headers.get(b"host", b"")
    authority = host.decode() if _AUTHORITY.fullmatch(host) else "localhost"
    peer = request.client[0] if request.client else ""
    said = request.headers.get(b"x-forwarded-proto", b"").split(b",")[-1].strip().lower()
    secure = said in {b"https", b"wss"} if said and gate.trusts(peer) else request.secure
    return f"{'wss' if secure else 'ws'}://{authority}"
