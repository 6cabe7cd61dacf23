"""What the contracts work with: one of each, made by the roof."""

from dataclasses import dataclass

from logserver.api.gate import Gate
from logserver.api.sockets import OpenSockets
from logserver.core.clock import Clock
from logserver.core.fleet.presence import Presence
from logserver.core.intake import Intake
from logserver.core.live.live import Hub
from logserver.core.observer import Observer
from logserver.core.people.letters import Letters
from logserver.core.people.people import People
from logserver.core.redaction.engine import Policies
from logserver.store.database import Database


@dataclass(frozen=True)
class Resources:
    """The parts of a running server that requests need."""

    clock: Clock
    database: Database
    intake: Intake
    gate: Gate
    observer: Observer
    policies: Policies
    presence: Presence
    people: People
    letters: Letters
    live: Hub
    sockets: OpenSockets
    public_url: str
    """The address by which the server is reached; empty: the one that each request was sent to."""
    environment: str
    """The environment of events that name none."""
    body_seconds: float
    """How long a sender may take for the body of a request."""
