"""What the address of the logs page asks for, and addresses of the same page that ask for something else."""

from typing import Any, NamedTuple

from logserver.core.searching.view import LEVELS, search_of
from logserver.core.times import iso_text, moment_ms
from logserver.store.errors import QuerySyntaxError
from logserver.store.search import Search
from logserver.store.syntax import MAX_CHARACTERS, parse
from logserver.store.words import MAX_KEY, TYPES
from logserver.web.visit import Visit

RANGES = {
    "15m": "Last 15 minutes",
    "1h": "Last hour",
    "6h": "Last 6 hours",
    "24h": "Last 24 hours",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "all": "All that is kept",
}
CUSTOM = "custom"
_USUAL = "24h"
_LENGTHS = {
    "15m": 900_000,
    "1h": 3_600_000,
    "6h": 21_600_000,
    "24h": 86_400_000,
    "7d": 604_800_000,
    "30d": 2_592_000_000,
}

MOST_COLUMNS = 12
_LONGEST_TIME = 40


class Wrong(NamedTuple):
    """A query that is none: what is wrong with it, and where."""

    message: str
    before: str
    at: str
    after: str
    position: int


class Asked:
    """A search as the address spells it. What is wrong is told in ``problems``, by field; the rest still counts."""

    def __init__(self, visit: Visit) -> None:
        query = visit.query
        self._visit = visit
        self.problems: dict[str, str] = {}
        self.text = query.get("q", "").strip()
        self.wrong = _wrong(self.text)
        self.levels = tuple(name for name in LEVELS if name in query.get("levels", "").split(","))
        self.types = tuple(name for name in TYPES if name in query.get("types", "").split(","))
        self.columns = _columns(visit)
        self.cursor = query.get("cursor") or None
        self.live = query.get("live") == "1"
        self.begins, self.ends = query.get("from", "").strip(), query.get("to", "").strip()
        usual = CUSTOM if self.begins or self.ends else _USUAL
        self.range = query.get("range") or usual
        if self.range not in {*RANGES, CUSTOM}:
            self.problems["range"] = "This is none of the times to choose from."
            self.range = _USUAL
        self.since_ms: int | None = None
        self.until_ms: int | None = None
        if self.range == CUSTOM:
            self.since_ms = self._moment("from", self.begins)
            self.until_ms = self._moment("to", self.ends)
            if self.since_ms is not None and self.until_ms is not None and self.since_ms >= self.until_ms:
                self.problems["to"] = "This must lie after the beginning."
        elif self.range != "all":
            self.since_ms = self._now() - _LENGTHS[self.range]

    @property
    def ok(self) -> bool:
        """Whether there is a search to be made."""
        return self.wrong is None and not self.problems

    def search(self) -> Search:
        """What is searched for."""
        return search_of(
            self._visit.project,
            self.text,
            levels=self.levels,
            types=self.types,
            since_ms=self.since_ms,
            until_ms=self.until_ms,
        )

    def values(self, **changes: Any) -> dict[str, Any]:
        """The values of the address, some changed; a page of another search begins at its beginning."""
        held: dict[str, Any] = {
            "q": self.text,
            "range": None if self.range == _USUAL else self.range,
            "from": self.begins if self.range == CUSTOM else None,
            "to": self.ends if self.range == CUSTOM else None,
            "levels": ",".join(self.levels),
            "types": ",".join(self.types),
            "columns": ",".join(self.columns),
        }
        return held | changes

    def url(self, **changes: Any) -> str:
        """The address of the logs page with some values changed."""
        return self._visit.place("/logs", **self.values(**changes))

    def turned(self, cursor: str | None) -> str:
        """The address of the page at a cursor, with the times that this page is of; empty without one."""
        return self.url(cursor=cursor, at=self._now()) if cursor else ""

    def fixed(self) -> str:
        """The address that shows the same records at any later time, as long as they are kept."""
        since = None if self.since_ms is None else iso_text(self.since_ms * 1000)
        until = self._visit.now_ms + 1 if self.until_ms is None else self.until_ms
        return self.url(**{"range": CUSTOM, "from": since, "to": iso_text(until * 1000)})

    def within(self, since_ms: int, until_ms: int) -> str:
        """The address of the same search between two times."""
        return self.url(**{"range": CUSTOM, "from": iso_text(since_ms * 1000), "to": iso_text(until_ms * 1000)})

    def toggled(self, name: str, value: str) -> str:
        """The address with a level or type (``levels``, ``types``) chosen, or chosen no more."""
        held = self.levels if name == "levels" else self.types
        chosen = [each for each in held if each != value] + [value] * (value not in held)
        return self.url(**{name: ",".join(chosen)})

    def _now(self) -> int:
        """The moment that spans of time are counted back from: the first page's, on the pages that follow."""
        at = self._visit.query.get("at", "")
        pinned = int(at) if self.cursor and at.isascii() and at.isdigit() and len(at) < 15 else self._visit.now_ms
        return min(pinned, self._visit.now_ms)

    def _moment(self, field: str, spelled: str) -> int | None:
        if not spelled:
            return None
        try:
            return moment_ms(spelled[:_LONGEST_TIME], self._visit.now_ms)
        except (ValueError, OverflowError):
            self.problems[field] = "Write a time like 2026-12-31T18:00, in UTC, or how long ago: 15m, 24h, 7d."
            return None


def _wrong(text: str) -> Wrong | None:
    try:
        parse(text)
    except QuerySyntaxError as error:
        at = error.position
        shown = text[: MAX_CHARACTERS + 1]
        message = f"{error}"
        return Wrong(
            message[:1].upper() + message[1:] + ".",
            shown[max(0, at - 200) : at],
            shown[at : at + 1],
            shown[at + 1 : at + 100],
            at,
        )
    return None


def _columns(visit: Visit) -> tuple[str, ...]:
    """The columns that are asked for, from boxes that were ticked and from a list with commas."""
    spelled = [name.strip() for value in visit.request.values("columns") for name in value.split(",")]
    return tuple(dict.fromkeys(name for name in spelled if 0 < len(name) <= MAX_KEY))[:MOST_COLUMNS]
