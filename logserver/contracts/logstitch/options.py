"""What an operator may set of the LogStitch contract."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """The limits of the contract; each is a setting of the server."""

    batch_limit: int = 100
    """Events an array may have."""
    allow_private_webhooks: bool = False
    """Whether webhooks may go to private and loopback addresses."""
    mail: bool = False
    """Whether there is a server for webhooks that are mailboxes."""
