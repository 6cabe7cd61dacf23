"""Events as the shell finds and follows them, in a folder or on a server: the same records, in the same order."""

import heapq
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from logserver.cli.entry import Record
from logserver.cli.finder import POLL_SECONDS, RESTART_SECONDS, Finder
from logserver.cli.patience import Patience
from logserver.core.records import record
from logserver.core.times import iso_text, read_time
from logserver.store.events import Event

if TYPE_CHECKING:
    from logserver.cli.sources import Server

PAGE = 100
"""Entries that a server gives at once."""

_POLLS_A_MINUTE = 600
"""Half of what a server takes, by its usual limits, of one token."""


class Records(Protocol):
    """One search, wherever it is made."""

    @property
    def cut(self) -> bool:
        """Whether time ended before everything that was asked for was found."""
        ...

    def found(self, limit: int) -> Iterator[Record]:
        """The newest matches, newest first."""
        ...

    def mark(self) -> None:
        """Take note of what has arrived so far."""
        ...

    def arriving(self) -> Iterator[Record]:
        """What arrives after the mark, as it arrives, until Ctrl-C."""
        ...


class FolderRecords:
    """The search of a store in a folder."""

    def __init__(self, finder: Finder) -> None:
        self._finder = finder
        self._seq = 0

    @property
    def cut(self) -> bool:
        """See Records."""
        return self._finder.cut

    def found(self, limit: int) -> Iterator[Record]:
        """See Records."""
        return map(self._record, self._finder.found(limit))

    def mark(self) -> None:
        """See Records."""
        self._seq = self._finder.newest_seq()

    def arriving(self) -> Iterator[Record]:
        """See Records."""
        return map(self._record, self._finder.arriving(self._seq))

    def _record(self, event: Event) -> Record:
        return record(event, self._finder.project(event), self._finder.spelling())


class ServerRecords:
    """The search of some projects of a server."""

    def __init__(
        self,
        server: "Server",
        slugs: Sequence[str],
        text: str,
        *,
        since_ms: int | None,
        until_ms: int | None,
        patience: Patience,
    ) -> None:
        self._server = server
        self._slugs = slugs
        self._patience = patience
        spelled = {"since": since_ms, "until": until_ms}
        self._query = {"q": text} | {name: iso_text(ms * 1_000) for name, ms in spelled.items() if ms is not None}
        self._marks: dict[str, str] = {}
        self.cut = False

    def found(self, limit: int) -> Iterator[Record]:
        """See Records."""
        size = min(limit, PAGE)
        pages = [self._pages(slug, size) for slug in self._slugs] if limit else []
        for n, each in enumerate(heapq.merge(*pages, key=_moment, reverse=True), 1):
            yield each
            self._patience.again()  # how long the one who reads took is not the search's time
            if n == limit:
                return

    def mark(self) -> None:
        """See Records."""
        self._marks = {slug: self._ask(slug, limit="1")["poll_cursor"] for slug in self._slugs}

    def arriving(self) -> Iterator[Record]:
        """See Records; raises Unreachable where there is no answer for RESTART_SECONDS."""
        from logserver.cli.remote import Unreachable  # noqa: PLC0415 - loaded only where a server is asked

        outage = Patience(RESTART_SECONDS)
        wait = max(POLL_SECONDS * 4, 60 * len(self._slugs) / _POLLS_A_MINUTE)
        behind = True
        while behind or not self._patience.stopped.wait(wait):
            behind = False
            for slug in self._slugs:
                try:
                    answer = self._ask(slug, after_cursor=self._marks[slug], limit=str(PAGE))
                except Unreachable:
                    if outage.over() and not self._patience.stopped.is_set():
                        raise
                    continue
                outage.again()
                self._marks[slug] = answer["poll_cursor"]
                behind = (behind or answer["partial"]) and not self._patience.stopped.is_set()
                yield from answer["items"]

    def _pages(self, slug: str, size: int) -> Iterator[Record]:
        cursor: dict[str, str] = {}
        while not self.cut:
            answer = self._ask(slug, limit=str(size), **cursor)
            yield from answer["items"]
            if answer["next_cursor"] is None:
                return
            cursor = {"cursor": answer["next_cursor"]}
            self.cut = self._patience.over()

    def _ask(self, slug: str, **query: str) -> dict[str, Any]:
        return self._patient(lambda: self._server.ask("events", slug, self._query | query))

    def _patient(self, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Ask, and where the limit of requests is used up, wait as long as the server says."""
        from logserver.cli.remote import Refused  # noqa: PLC0415 - as above

        while True:
            try:
                return ask()
            except Refused as refused:
                busy = refused.status == 429 and isinstance(refused.retry_after, int)
                if not busy or self._patience.stopped.wait(min(refused.retry_after or 1, 60)):
                    raise


def _moment(each: Record) -> tuple[int, str]:
    at = each.get("occurred_at")
    return (read_time(at) or 0 if isinstance(at, str) else 0), str(each.get("project", ""))
