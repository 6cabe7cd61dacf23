"""Who asks, and how often: the credentials of people and agents, and the rate groups of the contract."""

from collections.abc import Callable
from functools import partial

from logserver.api.gate import Gate
from logserver.api.request import Request
from logserver.core.faults import Unauthorized
from logserver.core.people import accounts
from logserver.core.people.accounts import User
from logserver.core.tokens import Credential
from logserver.store.tx import Tx

USERS = frozenset({"user"})
EDGE = frozenset({"edge"})

LIMITS = {"auth": 10, "dashboard": 60, "registry": 100, "edge": 1_000, "stream": 10}
"""Requests a minute by group (seed 003); ``registry`` is what agents and API keys share, ``auth`` is by address."""


def credential_of(request: Request) -> Credential:
    """The credential a request was admitted with."""
    if request.credential is None:
        raise Unauthorized("Unauthorized")
    return request.credential


def user_of(tx: Tx, request: Request) -> User:
    """The person who asks."""
    return accounts.by_uuid(tx, credential_of(request).bound["user"])


def counted(gate: Gate, group: str) -> Callable[[Request], None]:
    """Counts a request in its group, of a known sender or, in ``auth``, of an address; raises TooMany."""
    limit = LIMITS[group]
    if group == "auth":
        return partial(gate.take_at_door, limit=limit)

    def count(request: Request) -> None:
        gate.take_group(request, f"logfleet {group}", limit=limit)

    return count
