"""Credentials that stand in the body of a request and nowhere else."""

from typing import Protocol

from logserver.api.request import Request


class BodySecrets(Protocol):
    """Finds credentials in bodies, for a route whose clients put them there. None of this raises."""

    GLANCED: int
    """Bytes at the beginning of a body that a glance may need."""

    def glance(self, request: Request) -> bytes | None:
        """The credential in the body of a request, where a look at its beginning shows it."""
        ...

    def search(self, request: Request) -> bytes | None:
        """The credential in the body of a request, however much work it is to find."""
        ...
