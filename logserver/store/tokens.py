"""Splits text into the words the full-text index sees, to check a phrase on a row without the index."""

import re
import sqlite3
from types import TracebackType
from typing import Self

from logserver.store.connections import memory

_ASCII_WORD = re.compile("[0-9a-z]+")
_PRIVATE = re.compile("[\ue000-\uf8ff]")


def searchable(phrase: str) -> str:
    """The phrase as the index has it: private-use characters are spaces in indexed text (store/words.py)."""
    return phrase if phrase.isascii() else _PRIVATE.sub(" ", phrase)


class Tokenizer:
    """The index's own tokenizer, exactly: emulated for ASCII, else asked of a full-text table in memory.

    A context manager of one thread; the table is made when the first text needs it.
    """

    def __init__(self) -> None:
        self._table: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._table is not None:
            self._table.close()
            self._table = None

    def words(self, text: str) -> list[str]:
        """The words of the text, folded, in order."""
        if text.isascii():
            return _ASCII_WORD.findall(text.lower())
        if self._table is None:
            self._table = memory()
            self._table.execute("CREATE VIRTUAL TABLE asked USING fts5 (text, content = '')")
            self._table.execute("CREATE VIRTUAL TABLE answer USING fts5vocab (asked, instance)")
        self._table.execute("BEGIN")
        self._table.execute("INSERT INTO asked (rowid, text) VALUES (1, ?)", (text,))
        found = [term for (term,) in self._table.execute("SELECT term FROM answer ORDER BY offset")]
        self._table.execute("ROLLBACK")
        return found
