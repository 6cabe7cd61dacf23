"""Who may come in, and how often: credentials, rate limits and the sender's address, the same for every dialect."""

import ipaddress
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.types import Scope

from logserver.api.exchange import Exchange
from logserver.core.clock import Clock
from logserver.core.credentials import Credentials
from logserver.core.faults import Unauthorized
from logserver.core.limits import Windows
from logserver.core.tokens import Credential

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


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
        self.failures = Windows(clock)

    async def credential(self, exchange: Exchange, *, kinds: frozenset[str]) -> Credential:
        """The valid credential of a request, of one of these kinds.

        Raises Unauthorized, or TooMany once its address has failed too often.
        """
        secret = exchange.secret()
        if secret is not None:
            credential = self._credentials.remembered(secret) or await self._credentials.find(secret)
            if credential is not None and credential.kind in kinds:
                exchange.credential = credential
                return credential
        self.failures.take(
            limited_address(self.address(exchange.scope)), limit=self._rates.failures, seconds=self._rates.seconds
        )
        raise Unauthorized("Unauthorized")

    def take(self, exchange: Exchange, credential: Credential, endpoint: str, cost: int = 1) -> None:
        """Count a request of a credential to an endpoint; raises TooMany, counting nothing, past the limit."""
        project, rates = credential.project, self._rates
        limit, seconds = rates.requests, rates.seconds
        if project is not None and project.rate_limit_requests is not None:
            limit, seconds = project.rate_limit_requests, project.rate_limit_seconds or seconds
        exchange.standing = self.windows.take((credential.id, endpoint), limit=limit, seconds=seconds, cost=cost)

    def address(self, scope: Scope) -> str:
        """The sender's address: the peer's, or what a trusted proxy says stands behind it."""
        client: tuple[str, int] | None = scope.get("client")
        address = client[0] if client else "unknown"
        if not self._trusted or not self._is_trusted(address):
            return address
        forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        for hop in reversed(forwarded.decode("latin-1").split(",")):
            if candidate := hop.strip():
                address = candidate
                if not self._is_trusted(candidate):
                    break
        return address

    def _is_trusted(self, address: str) -> bool:
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
