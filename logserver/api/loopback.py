"""Whether a request was made on the machine of the server itself, by a program of its user's own choosing."""

import ipaddress
from urllib.parse import urlsplit

from logserver.api.gate import Gate
from logserver.api.request import Request

_FORWARDED = (b"x-forwarded-for", b"x-real-ip")
"""Headers in which a proxy names who is behind it."""

_NAMES = frozenset({"localhost", "0.0.0.0", "::"})  # noqa: S104 - what people type; nothing is bound here


def is_local(gate: Gate, request: Request) -> bool:
    """Whether a request comes from this machine, by whatever way it came.

    The peer is on loopback, and so is everybody whom a trusted proxy names. A request that a proxy has passed on
    which is not trusted may come from anywhere; one that asks for another host by name, or that a page of another
    origin has made, is not what somebody at this machine meant to send. Such a proxy shows in what it adds, or in
    HTTP/1.0, which nginx speaks unless told otherwise. One that adds nothing cannot be told from its own machine.
    """
    peer = request.client[0] if request.client else ""
    if not _is_loopback(peer) or not _names_loopback(request.headers.get(b"host", b"")):
        return False
    origin = request.headers.get(b"origin")
    if origin is not None and not _names_loopback(urlsplit(origin.decode("latin-1")).netloc.encode("latin-1")):
        return False
    if not gate.trusts(peer) and was_passed_on(request):
        return False
    hops = [name for header in _FORWARDED for name in _listed(request, header)]
    return b"forwarded" not in request.headers and all(map(_is_loopback, hops))


def was_passed_on(request: Request) -> bool:
    """Whether there is a trace of a proxy, trusted or not, in a request."""
    names = request.headers.keys()
    return request.version == "1.0" or any(
        name == b"via" or name in _FORWARDED or name.startswith(b"x-forwarded-") for name in names
    )


def _listed(request: Request, header: bytes) -> list[str]:
    value = request.headers.get(header, b"").decode("latin-1")
    return [name.strip() for name in value.split(",") if name.strip()]


def _names_loopback(authority: bytes) -> bool:
    """Whether a ``host:port`` is this machine's own name for itself."""
    try:
        host = urlsplit(f"//{authority.decode('latin-1')}").hostname or ""
    except ValueError:
        return False
    return host in _NAMES or _is_loopback(host)


def _is_loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)
