"""Who may come in, and how often: credentials, rate limits and the sender's address, the same for every dialect."""

import ipaddress
from collections import Counter
from collections.abc import Sequence
from typing import Any, NoReturn

import msgspec

from logserver.api.held import HeldBodies
from logserver.api.request import Request
from logserver.core.buckets import Buckets
from logserver.core.clock import Clock
from logserver.core.credentials import Credentials
from logserver.core.faults import Forbidden, Unauthorized
from logserver.core.limits import Windows

_BODIES_OF_SENDER = 64 * 1_024 * 1_024
"""Bytes of bodies that are held for one sender at a time: four of the largest there are."""


class Rates(msgspec.Struct, frozen=True):
    """The limits that hold where a project has none of its own."""

    requests: int = 1_200
    seconds: int = 60
    failures: int = 120
    """Failed authentications a source address may make in a window."""


class Gate:
    """Authenticates requests and counts them. Only failed authentications count against an address."""

    def __init__(self, credentials: Credentials, clock: Clock, rates: Rates, trusted: Sequence[str] = ()) -> None:
        self._credentials = credentials
        self._rates = rates
        self._trusted = [ipaddress.ip_network(network, strict=False) for network in trusted]
        self.windows = Windows(clock)
        self.buckets = Buckets(clock)
        self.failures = Windows(clock)
        self.strangers = Windows(clock)
        """Of those who need no credential; apart, so that however many come, nobody else's windows are touched."""
        self.bodies = HeldBodies(_BODIES_OF_SENDER, "too much is being sent with this key at the same time")
        """Of senders that are known, by credential."""
        self.door = Windows(clock)
        """Of those who sign in, by address as well."""
        self.refused: Counter[str] = Counter()
        """How often a request was refused, by api/faults.reason_of()."""

    def recognize(self, request: Request, kinds: frozenset[str]) -> bool:
        """Note the credential of a request, of one of these kinds, if it was found a moment ago."""
        secret = request.secret()
        credential = self._credentials.remembered(secret) if secret is not None else None
        if credential is None or credential.kind not in kinds:
            return False
        request.credential = credential
        return True

    async def refresh(self) -> None:
        """Look again at what credentials may do, after it was changed."""
        await self._credentials.watch()

    async def admit(self, request: Request, kinds: frozenset[str], *, forbids: bool = False) -> None:
        """Note the valid credential of a request, of one of these kinds.

        Raises Unauthorized, or TooMany once its address has failed too often; Forbidden for a valid one of
        another kind where the route ``forbids``.
        """
        if self.recognize(request, kinds):
            return
        secret = request.secret()
        credential = await self._credentials.find(secret) if secret is not None else None
        if credential is not None and credential.kind in kinds:
            request.credential = credential
            return
        if credential is not None and forbids:
            raise Forbidden(f"a token of the kind {credential.kind} may not do this")
        self.fail(request, "Unauthorized")

    def fail(self, request: Request, message: str) -> NoReturn:
        """Raise Unauthorized (``message``), or TooMany once the address of a request has failed too often."""
        self.failures.take(self.source(request), limit=self._rates.failures, seconds=self._rates.seconds)
        raise Unauthorized(message)

    def take(self, request: Request, endpoint: str, cost: int = 1) -> None:
        """Count a request of a known sender to an endpoint; raises TooMany, counting nothing, past the limit."""
        sender, limit, seconds = self._terms(request)
        request.standing = self.windows.take((sender, endpoint), limit=limit, seconds=seconds, cost=cost)

    def take_group(self, request: Request, group: str, *, limit: int, seconds: int = 60) -> None:
        """Count a request of a known sender to a group of endpoints that has a limit of its own."""
        credential = request.credential
        if credential is None:
            raise Unauthorized("Unauthorized")
        request.standing = self.windows.take((credential.id, group), limit=limit, seconds=seconds)

    def take_token(self, request: Request, *, per_minute: int, burst: int) -> None:
        """Take a request out of the token bucket of its known sender; raises TooMany."""
        credential = request.credential
        if credential is None:
            raise Unauthorized("Unauthorized")
        request.standing = self.buckets.take(credential.id, per_minute=per_minute, burst=burst)

    def require_patience(self, request: Request) -> None:
        """Raise TooMany, counting nothing, where the address of a request has failed too often."""
        self.failures.require_room(self.source(request), limit=self._rates.failures, seconds=self._rates.seconds)

    def take_stranger(self, request: Request, *, limit: int, seconds: int, message: str) -> None:
        """Count a request that needs no credential against its source; raises TooMany (``message``)."""
        request.standing = self.strangers.take(self.source(request), limit=limit, seconds=seconds, message=message)

    def take_at_door(self, request: Request, *, limit: int, seconds: int = 60) -> None:
        """Count a request of somebody who signs in, or sees to an account, against its source; raises TooMany."""
        message = f"Too many requests: {limit} a minute are allowed from one address"
        request.standing = self.door.take(self.source(request), limit=limit, seconds=seconds, message=message)

    def source(self, request: Request) -> str:
        """What the sender of a request is limited as where its address is all that is known of it."""
        return limited_address(self.address(request.client, request.headers.get(b"x-forwarded-for", b"")))

    def prune(self) -> None:
        """Drop the windows that are over."""
        for counted in (self.windows, self.failures, self.strangers, self.door, self.buckets):
            counted.prune()

    def require_room(self, request: Request, endpoint: str) -> None:
        """Raise TooMany, counting nothing, where a known sender has used up its window of an endpoint."""
        sender, limit, seconds = self._terms(request)
        self.windows.require_room((sender, endpoint), limit=limit, seconds=seconds)

    def _terms(self, request: Request) -> tuple[int, int, int]:
        """Who is counted, and the limit and the seconds that hold for it."""
        credential, rates = request.credential, self._rates
        if credential is None:
            raise Unauthorized("Unauthorized")
        project = credential.project
        if project is not None and project.rate_limit_requests is not None:
            return credential.id, project.rate_limit_requests, project.rate_limit_seconds or rates.seconds
        return credential.id, rates.requests, rates.seconds

    def address(self, client: tuple[str, int] | None, forwarded: bytes) -> str:
        """The sender's address: the peer's, or what a trusted proxy says (X-Forwarded-For) stands behind it."""
        address = client[0] if client else "unknown"
        if not self.trusts(address):
            return address
        for hop in reversed(forwarded.decode("latin-1").split(",")):
            if candidate := hop.strip():
                address = candidate
                if not self.trusts(candidate):
                    break
        return address

    def is_secure(self, request: Request) -> bool:
        """Whether a request came over HTTPS: what a trusted proxy says (X-Forwarded-Proto), else by itself."""
        said = request.headers.get(b"x-forwarded-proto")
        if said is None or request.client is None or not self.trusts(request.client[0]):
            return request.secure
        return all(scheme.strip().lower() == b"https" for scheme in said.split(b","))

    def trusts_any(self) -> bool:
        """Whether there is any proxy that is believed."""
        return bool(self._trusted)

    def trusts(self, address: str) -> bool:
        """Whether an address is that of a proxy whose X-Forwarded-For is believed."""
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._trusted)


def limited_address(address: str) -> str:
    """What a source is limited as: an IPv4 address, or the /64 network that one IPv6 host has to itself."""
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed) if parsed is not None else "unknown"


def _parsed(address: str) -> Any:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed
