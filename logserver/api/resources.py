"""What the contracts work with: one of each, made by the roof."""

from dataclasses import dataclass

from logserver.api.gate import Gate
from logserver.core.clock import Clock
from logserver.core.intake import Intake
from logserver.core.observer import Observer
from logserver.core.presence import Presence
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
    environment: str
    """The environment of events that name none."""
    body_seconds: float
    """How long a sender may take for the body of a request."""
