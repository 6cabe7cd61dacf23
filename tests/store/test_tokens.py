import sqlite3
from contextlib import closing

from hypothesis import given, settings
from hypothesis import strategies as st

from logserver.store.tokens import Tokenizer


def indexed(text: str) -> list[str]:
    """The words of a text, asked of a full-text table of its own."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE VIRTUAL TABLE t USING fts5 (text)")
        connection.execute("CREATE VIRTUAL TABLE v USING fts5vocab (t, instance)")
        connection.execute("INSERT INTO t VALUES (?)", (text,))
        return [row[0] for row in connection.execute("SELECT term FROM v ORDER BY offset")]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(alphabet=st.characters(max_codepoint=127)) | st.text(), max_size=4))
def test_the_tokenizer_sees_what_the_index_sees(texts: list[str]) -> None:
    with Tokenizer() as tokenizer:
        assert [tokenizer.words(text) for text in texts] == [indexed(text) for text in texts]
