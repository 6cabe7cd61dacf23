import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logserver.store import events, words
from logserver.store.events import Event, to_row, words_of
from logserver.store.words import event_words, severity, word
from tests.store import strategies
from tests.store.model import lower
from tests.store.stored import event, opened

GOLDEN = [
    (version, golden)
    for version, file in ((1, "golden_words.json"), (2, "golden_words_2.json"))
    for golden in json.loads(Path(__file__).with_name(file).read_text(encoding="utf-8"))
]
SEPARATOR = "\ue0ff"

text = st.text(st.characters(exclude_categories=["Cs"]))
near = st.text("aAbB\x1e\x1f\ue0ff\ue01f\ufffd .:é", max_size=4)
leaf = st.none() | st.booleans() | st.integers() | st.floats() | text | near | st.just("long " * 30)
contexts = st.dictionaries(
    text | near | st.sampled_from(strategies.KEYS),
    st.recursive(leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(near, inner, max_size=3)),
    max_size=5,
)
hostile = st.builds(
    lambda message, kind, level, group, context: (message, kind, level, group, context),
    text,
    st.sampled_from(words.TYPES),
    st.sampled_from(["info", "WARNING", "\x1e", "x\x1ftype\x1fy", "ÀÉ"]) | text,
    st.sampled_from([None, b"g" * 16]),
    contexts,
)
any_event = st.one_of(strategies.events, hostile)


def made(drawn: tuple[Any, ...]) -> Event:
    message, kind, level, group, context = drawn
    found = event(message, kind=kind, level=level, group=group)
    found.context = context
    return found


@pytest.fixture(scope="module")
def index() -> Iterator[sqlite3.Connection]:
    """An empty store, and a look at the words of its index."""
    with closing(opened()) as connection:
        connection.isolation_level = None
        connection.execute("CREATE VIRTUAL TABLE temp.seen USING fts5vocab(main, event_words, instance)")
        yield connection


def seen(index: sqlite3.Connection, column: str) -> list[str]:
    return [
        term for (term,) in index.execute("SELECT term FROM temp.seen WHERE col = ? ORDER BY doc, offset", (column,))
    ]


@pytest.mark.parametrize(
    ("version", "golden"), GOLDEN, ids=[f"{version}: {golden['about']}" for version, golden in GOLDEN]
)
def test_a_version_never_changes(version: int, golden: dict[str, Any]) -> None:
    """Rows of released versions are deleted by these words: what shall be different is a new version beside them."""
    function = words.FUNCTIONS[version]
    made = function(golden["type"], golden["level"], golden["group"], golden["message"], golden["context"])
    assert made == (golden["text"], golden["words"])


def test_every_version_is_frozen() -> None:
    assert {version for version, _ in GOLDEN} == set(words.FUNCTIONS)


@given(any_event)
def test_only_audit_events_have_other_words_by_version_2(drawn: tuple[Any, ...]) -> None:
    found = made(drawn)
    if found.type != "audit":
        arguments = (found.type, found.level, None, found.message, found.context)
        assert words.FUNCTIONS[2](*arguments) == words.FUNCTIONS[1](*arguments)


def test_what_audit_events_are_asked_for_by_are_words_among_any_number_of_others() -> None:
    named = {"action": "a.b", "category": "auth", "tenant_id": "t" * 200, "actor": {"id": "u", "type": "user"}}
    for context in (
        {f"k{n}": n for n in range(3_000)} | named,
        named | {"metadata": {f"k{n}": n for n in range(3_000)}, "target": {"id": "d", "type": "doc"}},
        named | {"metadata": {"n": list(range(3_000))}, "changes": list(range(3_000))},
    ):
        found = words.newest_words("audit", "info", None, "a.b", context)[1].split(" ")
        for key, value in words.identifiers(context):
            assert words.audit_word(key, value) in found
        assert len(found) <= words.MAX_WORDS + 7


def test_no_other_event_has_a_word_of_an_audit_event() -> None:
    own = words.audit_word("tenant_id", "acme")
    for key in ("tenant_id", "\x1ftenant_id", "\ue01ftenant_id", "audit.tenant_id"):
        for kind in ("log", "audit"):
            assert own not in words.newest_words(kind, "info", None, "m", {"action": "a.b", key: {"x": "acme"}})[1]
        assert own not in words.newest_words("log", "info", None, "m", {key: "acme"})[1].split(" ")


def test_the_text_of_an_audit_event_is_bounded_from_its_end() -> None:
    context = {
        "metadata": {"a": "x" * words.MAX_TEXT},
        "actor": {"id": "u", "name": "Ann"},
        "changes": [{"field": "f"}],
    }
    text = words.newest_words("audit", "info", None, "a.b", context)[0]
    assert text.startswith("a.b\nAnn\nu\nxxx")
    assert len(text) == words.MAX_TEXT


def test_new_rows_have_the_newest_version() -> None:
    assert max(words.FUNCTIONS) == words.VERSION
    assert to_row(event())[0][1] == words.VERSION


@settings(max_examples=300, deadline=None)  # a real index is asked
@given(key=text | near, value=text | near)
def test_a_word_is_one_token(index: sqlite3.Connection, key: str, value: str) -> None:
    found = word(key, value)
    index.execute("BEGIN")
    index.execute(events.INSERT_WORDS, (1, "", f"{found} {found}"))
    tokens = seen(index, "words")
    index.execute("ROLLBACK")
    assert tokens == [lower(found)] * 2


@settings(max_examples=500)
@given(st.tuples(near, near) | st.tuples(text, text), st.tuples(near, near) | st.tuples(text, text))
@example(("a\x1fb", "c"), ("a", "b\x1fc"))
@example(("a", "b"), ("A", "B"))
@example(("k", "\u212a"), ("k", "k"))
def test_words_are_equal_where_key_and_value_are(one: tuple[str, str], other: tuple[str, str]) -> None:
    """Up to the case of ASCII letters; the separator within a key reads as a replacement character."""
    meant = [(lower(key).replace("\x1f", "\ufffd"), lower(value)) for key, value in (one, other)]
    assert (lower(word(*one)) == lower(word(*other))) == (meant[0] == meant[1])


@settings(max_examples=300, deadline=None)  # a real index is asked
@given(any_event)
def test_the_index_holds_each_attribute_as_it_was_spelled(index: sqlite3.Connection, drawn: tuple[Any, ...]) -> None:
    found = made(drawn)
    _, entry = to_row(found)
    index.execute("BEGIN")
    index.execute(events.INSERT_WORDS, entry)
    attributes, message = seen(index, "words"), seen(index, "text")
    index.execute("ROLLBACK")
    assert attributes == lower(entry[2]).split(" ")
    assert not any(SEPARATOR in token for token in message)
    reserved = [token for token in attributes if token.split(SEPARATOR)[0] in words.RESERVED]
    assert Counter(reserved) == Counter(
        [lower(word("type", found.type)), lower(word("level", severity(found.level)))]
        + [word("group", "67676767-6767-6767-6767-676767676767")] * (found.error_group is not None)
    )


@settings(max_examples=300, deadline=None)  # a real index is asked
@given(st.lists(any_event, min_size=1, max_size=3), any_event)
def test_a_deleted_event_leaves_nothing_in_the_index(
    index: sqlite3.Connection, gone: list[tuple[Any, ...]], kept: tuple[Any, ...]
) -> None:
    index.execute("BEGIN")
    stays = made(kept)
    index.execute(events.INSERT_WORDS, to_row(stays)[1])
    before = Counter(seen(index, "words") + seen(index, "text"))
    rows = []
    for counter, drawn in enumerate(gone, 1):
        found = made(drawn)
        found.id += counter
        row, entry = to_row(found)
        index.execute(events.INSERT, row)
        index.execute(events.INSERT_WORDS, entry)
        rows.append(index.execute(f"SELECT {events.COLUMNS} FROM events WHERE id = ?", (found.id,)).fetchone())
        assert words_of(rows[-1]) == entry
    events.delete(index, rows)
    after = Counter(seen(index, "words") + seen(index, "text"))
    left = index.execute("SELECT count(*) FROM events").fetchone()[0]
    index.execute("ROLLBACK")
    assert (after, left) == (before, 0)


def attributes(context: dict[str, Any]) -> list[str]:
    """The words of a context, without those of the record itself."""
    return event_words("log", "info", None, "", context)[1].split(" ")[2:]


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        ("x" * 128, "x" * 128),
        ("é" * 128, "é" * 128),
        ("x" * 129, None),
        (10**127, f"{10**127}"),
        (10**128 - 1, "9" * 128),
        (-(10**126), f"-{10**126}"),
        (10**128, None),
        (-(10**127), None),
        (10**4000, None),
        (1e22, "10000000000000000000000"),
        (-3.0, "-3"),
        (0.5, None),
        (1e300, None),
        (1.5e-7, None),
        (float("inf"), None),
        (float("nan"), None),
        (None, None),
        ([], None),
        ({}, None),
        ([True, "true"], "true"),
    ],
    ids=lambda one: f"{one:.9}" if isinstance(one, str) else type(one).__name__,
)
def test_which_values_are_words(value: Any, spelled: str | None) -> None:
    assert attributes({"k": value}) == ([] if spelled is None else [word("k", spelled)])


def test_long_names_are_no_words_but_long_texts_are_searched() -> None:
    assert attributes({"k" * 128: 1, "l" * 129: 2}) == [word("k" * 128, "1")]
    assert attributes({"a": {"k" * 126: 1, "l" * 127: 2}}) == [word("a." + "k" * 126, "1")]
    assert event_words("log", "info", None, "m", {"k" * 200: "x" * 129})[0] == "m\n" + "x" * 129


def test_the_number_of_words_is_bounded() -> None:
    for context in (
        {f"k{n}": n for n in range(5_000)},
        {"a": {f"k{n}": n for n in range(5_000)}},
        {"a": list(range(5_000))},
        {f"k{n}": {"a": n} for n in range(5_000)},
    ):
        found = event_words("log", "info", "g", "m", context)[1].split(" ")
        assert len(found) == words.MAX_WORDS
        assert found[:3] == [word("type", "log"), word("level", "info"), word("group", "g")]


def test_the_text_is_bounded() -> None:
    found = event_words("log", "info", None, "m", {f"k{n}": "x" * 5_000 for n in range(100)})[0]
    assert found.startswith("m\n" + "x" * words.MAX_LONG_TEXT + "\nx")
    assert len(found) == words.MAX_TEXT


def test_depth_costs_no_recursion() -> None:
    deep: Any = "x"
    for _ in range(50_000):
        deep = [deep]
    assert attributes({"k": deep}) == [word("k", "x")]


@given(text)
@example("\u1c89")
def test_a_level_is_folded_by_rules_that_never_change(level: str) -> None:
    """The case of letters beyond ASCII differs between versions of Python; a frozen function cannot ask it."""
    assert severity(level) in {lower(level), words.SEVERITY.get(lower(level))}
