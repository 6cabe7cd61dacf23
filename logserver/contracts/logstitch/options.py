"""What an operator may set of the LogStitch contract."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """The limits of the contract; each is a setting of the server."""

    batch_limit: int = 100
    """Events an array may have."""
