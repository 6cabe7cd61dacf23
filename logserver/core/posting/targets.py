"""Where a webhook may point: the addresses of targets, as they are typed and as names turn out to be.

A name is judged when it is resolved, at every attempt; what is typed is judged at once where it is an address
already, in any of the spellings that a resolver takes.
"""

import re
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, quote, urlsplit

import msgspec

from logserver.core.faults import Invalid

MAX_URL = 2_000

Address = IPv4Address | IPv6Address

_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_MAILBOX = re.compile(r"(?=.{3,254}\Z)[A-Za-z0-9.!#$&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)")
_SENT_AS_IT_IS = "/:@!$&'()*+,;=~%"
_NAT64 = IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
_BAD_HOST = "must be a URL with a valid host and port"
_NOT_PUBLIC = "must not be a private or local address"


class Target(msgspec.Struct, frozen=True):
    """A URL in its parts. For ``mailto`` the path is the mailbox, and host and port say nothing."""

    scheme: str
    host: str
    """A name in ASCII and lower case, or an address without brackets."""
    port: int
    path: str
    """Path and query, ready to be sent."""


def read(url: str) -> Target:
    """The parts of a URL of http, https or mailto.

    Raises ValueError, with a message that repeats nothing of the URL, for any other and for one with credentials.
    """
    if len(url) > MAX_URL:
        raise ValueError(f"must be at most {MAX_URL:,} characters")
    if any(character <= " " or character in "\\\x7f" for character in url):
        raise ValueError("must be a URL without spaces, control characters and backslashes")
    scheme, _, rest = url.partition(":")
    if scheme.lower() == "mailto":
        if not _MAILBOX.fullmatch(rest):
            raise ValueError("must be mailto: and one plain address")
        return Target("mailto", "", 0, rest)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(_BAD_HOST) from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("must be an http or https URL with a host, or mailto: and an address")
    if "@" in parts.netloc:
        raise ValueError("must not contain a user name or password")
    if port == 0:
        raise ValueError(_BAD_HOST)
    path = quote(parts.path or "/", safe=_SENT_AS_IT_IS)
    if parts.query:
        path += "?" + quote(parts.query, safe=_SENT_AS_IT_IS + "?")
    return Target(parts.scheme, _host(parts), port or _PORTS[parts.scheme], path)


def check(url: str, *, allow_private: bool, mail: bool) -> Target:
    """The parts of a URL that a webhook may have; ``mail`` says whether there is a server for mailto.

    Raises Invalid for what cannot be read, and for a private or local address where these are not allowed.
    """
    try:
        target = read(url)
    except ValueError as error:
        raise Invalid([("url", str(error))]) from error
    if target.scheme == "mailto":
        if not mail:
            raise Invalid([("url", "e-mail needs an SMTP server; set --smtp-host")])
        return target
    address = literal(target.host)
    local = target.host == "localhost" or target.host.endswith((".localhost", "localhost.localdomain"))
    if not allow_private and (local or (address is not None and not is_public(address))):
        raise Invalid([("url", _NOT_PUBLIC)])
    return target


def literal(host: str) -> Address | None:
    """The address that a host is, in any spelling that a resolver takes; None for a name.

    ``2130706433``, ``0x7f.1`` and ``0177.0.0.1`` are all 127.0.0.1.
    """
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def is_public(address: Address) -> bool:
    """Whether an address is one of the open Internet, and hides none that is not.

    6to4 and Teredo, which nobody needs any more, are taken for private altogether.
    """
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
        if address.sixtofour is not None or address.teredo is not None or address in _LOCAL_NAT64:
            return False
        if address.is_site_local or address.scope_id is not None:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if "[" in parts.netloc:
        try:
            address = IPv6Address(host)
        except ValueError:
            raise ValueError(_BAD_HOST) from None
        if address.scope_id is not None:
            raise ValueError(_BAD_HOST)
        return str(address)
    try:
        # Folds what only looks like ASCII, so that full-width digits are judged as the digits they become.
        host = host.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        raise ValueError(_BAD_HOST) from None
    if not _NAME.fullmatch(host):
        raise ValueError(_BAD_HOST)
    return host
