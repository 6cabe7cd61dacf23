"""Reads a search from the store, page by page and as events arrive, in short looks that can be stopped."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from logserver.cli.folder import reading
from logserver.cli.patience import Patience
from logserver.core import projects
from logserver.store import database, following, keys
from logserver.store import search as store
from logserver.store.events import Event
from logserver.store.ids import LOCAL_BITS, Spelling
from logserver.store.search import Search
from logserver.store.tx import Tx

PAGE_EVENTS = 500
POLL_SECONDS = 0.25
RESTART_SECONDS = 30.0
_CURSORS = b"within this process"
_STEPS_BETWEEN_LOOKS = 2_000
_PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_INTERRUPT}
"""What a look may meet while a server starts or stops."""


class Finder:
    """One search of the store in a folder, by the slugs of projects, or in all that are open but the server's own."""

    def __init__(
        self,
        folder: Path,
        text: str,
        slugs: Sequence[str],
        *,
        since_ms: int | None,
        until_ms: int | None,
        patience: Patience,
    ) -> None:
        self._folder = folder
        self._text = text
        self._slugs = slugs
        self._since_ms = since_ms
        self._until_ms = until_ms
        self._patience = patience
        self._names: dict[int, str] = {}
        self._spelling: Spelling | None = None
        self.cut = False
        """Whether time ended before everything that was asked for was found."""
        with reading(folder) as tx:
            self._search(tx)  # a project that is not there is refused before anything is shown

    def project(self, event: Event) -> str:
        """The slug of an event's project."""
        return self._names[event.id >> LOCAL_BITS]

    def spelling(self) -> Spelling:
        """How the store spells ids; to be asked once there are events."""
        if self._spelling is None:
            with reading(self._folder) as tx:
                self._spelling = Spelling(keys.kept_secret(tx, "spelling") or b"")
        return self._spelling

    def newest_seq(self) -> int:
        """The cursor of what arrives from now on."""
        with reading(self._folder) as tx:
            return following.newest_seq(tx)

    def found(self, limit: int) -> Iterator[Event]:
        """The newest matches, newest first; ``cut`` tells afterwards whether time ended first."""
        with reading(self._folder) as tx:
            search = self._search(tx)
        cursor = None
        while limit > 0:
            with self._look() as tx:
                page = store.page(tx, search, limit=min(limit, PAGE_EVENTS), secret=_CURSORS, cursor=cursor)
            # A page is also partial for the rows it had to examine; only time ends the search.
            self.cut = page.partial and self._patience.over()
            yield from page.events
            limit -= len(page.events)
            cursor = page.next
            if cursor is None or self.cut:
                return
            if page.events:  # how long the one who reads them took is not the search's time
                self._patience.again()

    def arriving(self, seq: int) -> Iterator[Event]:
        """What arrives after a cursor, as it arrives, until Ctrl-C; a server may stop and start meanwhile.

        Raises sqlite3.OperationalError where the store cannot be read for RESTART_SECONDS.
        """
        outage = Patience(RESTART_SECONDS)
        behind = True
        while behind or not self._patience.stopped.wait(POLL_SECONDS):
            self._patience.again()
            try:
                events, seq, behind = self._arrived(seq)
            except sqlite3.OperationalError as error:
                behind = False
                interrupted = self._patience.stopped.is_set()
                if not interrupted and (error.sqlite_errorcode & 0xFF not in _PASSING or outage.over()):
                    raise
                continue
            outage.again()
            yield from events
            behind = behind and not self._patience.stopped.is_set()

    def _arrived(self, seq: int) -> tuple[list[Event], int, bool]:
        with self._look() as tx:
            newest = following.newest_seq(tx)
            # A store that was put back from a copy counts from an earlier arrival.
            seq = min(seq, newest)
            if seq == newest:
                return [], seq, False
            events, seq = following.arrived(tx, self._search(tx), seq, PAGE_EVENTS)
            return events, seq, seq < newest

    @contextmanager
    def _look(self) -> Iterator[Tx]:
        with database.snapshot(self._folder) as tx:
            tx.set_progress_handler(self._patience.over, _STEPS_BETWEEN_LOOKS)
            yield tx

    def _search(self, tx: Tx) -> Search:
        if self._slugs:
            chosen = [projects.by_slug(tx, slug) for slug in self._slugs]
        else:
            chosen = [each for each in projects.every(tx, archived=False) if not each.system]
        self._names = {each.number: each.slug for each in chosen}
        return Search(tuple(self._names), self._text, self._since_ms, self._until_ms)
