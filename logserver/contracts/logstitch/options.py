"""What an operator may set of the LogStitch contract."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class StreamLimits:
    """What anonymous streams may use; the defaults are those of the contract, or of this server where it has none."""

    requests_per_minute: int = 30
    """From one address, sent events and questions together."""
    events_per_day: int = 100
    """Of a stream, within 24 hours."""
    events: int = 500
    """Of a stream, in its lifetime."""
    streams_per_day: int = 10
    """Made from one address, within 24 hours."""
    days: int = 7
    """After which a stream that nobody claimed expires."""
    megabytes: int = 256
    """What the events of all streams take together, before new ones are refused."""
    most: int = 100_000
    """Streams that are known at the same time, but for those that were claimed."""


@dataclass(frozen=True)
class Options:
    """The limits of the contract; each is a setting of the server."""

    batch_limit: int = 100
    """Events an array may have."""
    allow_private_webhooks: bool = False
    """Whether webhooks may go to private and loopback addresses."""
    mail: bool = False
    """Whether there is a server for webhooks that are mailboxes."""
    streams: StreamLimits = field(default_factory=StreamLimits)
