"""How much room the database file takes, and giving back what of it holds nothing any more."""

from typing import NamedTuple

from logserver.store.tx import Tx


class Space(NamedTuple):
    """The room the database takes, in bytes."""

    size: int
    """Of the file, once the log is copied back."""
    unused: int
    """Of that, what holds nothing: it is used again before the file grows."""
    page: int
    """Of a page; the others are multiples of it."""

    @property
    def used(self) -> int:
        """What holds something."""
        return self.size - self.unused


def read(tx: Tx) -> Space:
    """The room taken, as this transaction sees it; it costs no more than the first page."""
    page, pages, unused = (
        int(tx.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_size", "page_count", "freelist_count")
    )
    return Space(page * pages, page * unused, page)


def give_back(tx: Tx, pages: int) -> int:
    """Move the last pages of the file into unused ones before them, and cut up to ``pages`` off; returns how many.

    The file itself becomes shorter with the checkpoint after the commit.
    """
    before = read(tx).size
    for _ in range(pages):
        # It gives back a page a step, and of a statement without columns sqlite3 takes one step only.
        tx.execute("PRAGMA incremental_vacuum(1)")
    after = read(tx)
    return (before - after.size) // after.page
