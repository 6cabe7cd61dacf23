"""What a route asks of a request before it does anything for it."""

from collections.abc import Callable
from typing import NamedTuple

from logserver.api.body_secrets import BodySecrets
from logserver.api.request import Request


class Rules(NamedTuple):
    """What a route admits: kinds of credential (none: anybody), bytes of body with the code of that refusal."""

    kinds: frozenset[str]
    body_limit: int
    body_code: str
    forbids: bool = False
    """Whether a valid credential of another kind is told that it may not (403), rather than not known (401)."""
    scope: str | None = None
    """A permission that the credential must have."""
    admin: bool = False
    """Whether a person who asks must be an admin."""
    counts: Callable[[Request], None] | None = None
    """Counts a request before anything else of it is looked at; raises TooMany."""
    demands: Callable[[Request], None] | None = None
    """Looks at how a request came, before who sends it; raises Forbidden."""
    admitted: Callable[[Request], None] | None = None
    """Counts a request as soon as its sender is known; raises TooMany."""
    body_secrets: BodySecrets | None = None
    """Where to look for a credential that no header has."""
    stores: bool = False
    """Whether programs send it, as often as they like: while no event could be stored, its body is not looked at."""
