"""Lists by page: ``page`` counts from 1, ``page_size`` is 20 unless 1 to 100 is asked for (seed 003)."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from logserver.api.fields import Fields
from logserver.api.request import Request
from logserver.contracts.logfleet.wire import Page

T = TypeVar("T")
S = TypeVar("S")

SIZE = 20
LARGEST = 100
_LAST = 1_000_000


class Sheet(NamedTuple):
    """Which part of a list is wanted."""

    page: int
    size: int

    @property
    def offset(self) -> int:
        """How many entries come before it."""
        return (self.page - 1) * self.size

    def filled(self, entries: list[S], total: int, shown: Callable[[S], T]) -> Page[T]:
        """The answer with the entries of this part, of a list with so many in all."""
        return Page([shown(entry) for entry in entries], total, self.page, self.size)


def sheet_of(request: Request) -> Sheet:
    """The part of a list that a request asks for; raises Invalid for numbers out of range."""
    fields = Fields(request.query(), query=True)
    page = fields.integer("page", 1, _LAST) or 1
    size = fields.integer("page_size", 1, LARGEST) or SIZE
    fields.done()
    return Sheet(page, size)
