"""What the store refuses, in plain words; how it is spoken over HTTP is decided elsewhere."""


class StoreError(Exception):
    """A refusal of the store; the message is fit to be shown to the one who asked."""


class StoreBusy(StoreError):
    """The store cannot take a write now; the same request is welcome after ``retry_after`` seconds.

    ``reason`` is one word of this program's own, for those who count.
    """

    def __init__(self, message: str, *, retry_after: int = 1, reason: str = "busy") -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.reason = reason


class StoreUnusable(StoreError):
    """The folder holds no store this version can open: a newer schema, another application, another server."""


class StoreDamaged(StoreError):
    """What was asked touches a part of the file that is damaged; everything else goes on."""

    retry_after = 60

    def __init__(self) -> None:
        super().__init__("a part of the store is damaged; `logserver doctor` tells whoever runs this server what to do")


class ReadTimeout(StoreError):
    """A read took longer than it may; nothing was changed."""


class QuerySyntaxError(StoreError):
    """A query that cannot be understood; ``position`` is the offending character's index in the text."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


class CursorError(StoreError):
    """A cursor that is malformed, tampered with, or belongs to another query."""
