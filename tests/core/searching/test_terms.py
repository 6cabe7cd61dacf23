"""Terms that are added to a query find the record that they were made of."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logserver.core.searching.fields import fields, value_at
from logserver.core.searching.terms import narrowed, term
from logserver.store.query import Not, conjunction
from logserver.store.search import Search, page
from logserver.store.syntax import parse
from tests.store.stored import event, opened, put

SECRET = b"s" * 32


def found(tx: Any, text: str) -> int:
    return len(page(tx, Search((1,), text), limit=10, secret=SECRET).events)


CONTEXT = {
    "user_id": 42,
    "ok": True,
    "share": 0.25,
    "whole": 3.0,
    "path": 'a "quoted" \\ path',
    "level": "mine",
    "http": {"status": 502, "tags": ["a", "b c"]},
    "with.dot": {"in": "x"},
    "AND": "OR",
    "Größe": "ÄÖ",
    "big": 10**17,
    "minus": -5,
    "star": "a*",
    "env": "x",
    "message": "hello",
}


@pytest.mark.parametrize(("name", "value"), list(fields(CONTEXT)))
def test_every_field_can_be_filtered_for_and_excluded(name: str, value: Any) -> None:
    tx = opened()
    put(tx, [msgspec.structs.replace(event("text"), context=CONTEXT)])
    leaf = term(name, value)
    assert leaf is not None
    only, without = narrowed("", leaf), narrowed("text", leaf, exclude=True)
    assert only is not None
    assert without is not None
    assert found(tx, only) == 1
    assert found(tx, without) == 0


@pytest.mark.parametrize(
    "value", [None, "", "x" * 129, "a\0b", "\ud800", {}, float("nan"), float("inf"), 1e300, 10**30]
)
def test_what_no_term_finds_has_none(value: Any) -> None:
    assert term("field", value) is None
    assert term("k" * 129, "x") is None


def test_the_text_stays_as_it_was_typed() -> None:
    leaf = term("user_id", 7)
    assert leaf is not None
    assert narrowed("level:error  foo", leaf) == "level:error  foo user_id:7"
    assert narrowed("a OR b", leaf, exclude=True) == "(a OR b) -user_id:7"
    assert narrowed("a user_id:7", leaf) == "a user_id:7"
    assert narrowed("x" * 4_090, leaf) is None


@given(
    text=st.from_regex(r"[a-z*\" ()\\:-]{0,12}", fullmatch=True),
    value=st.text(min_size=1, max_size=30),
    exclude=st.booleans(),
)
def test_a_narrowed_query_means_both(text: str, value: str, *, exclude: bool) -> None:
    leaf = term("key", value)
    try:
        before = parse(text)
    except Exception:  # noqa: BLE001 - what is no query is not narrowed
        return
    longer = narrowed(text, leaf, exclude=exclude) if leaf is not None else None
    if leaf is None or longer is None:
        return
    after = conjunction((before, Not(leaf) if exclude else leaf))
    assert parse(longer) in {after, before}


def test_fields_are_bounded_and_never_recurse() -> None:
    deep: Any = "end"
    for _ in range(3_000):
        deep = [{"a": deep}]
    assert [value for _, value in fields({"x": deep})] == ["end"]
    assert len(list(fields({str(n): n for n in range(2_000)}, 10))) == 10


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("http.status", 502),
        ("with.dot.in", "x"),
        ("context.level", "mine"),
        ("http.nothing", None),
        ("user_id.deeper", None),
        ("", None),
    ],
)
def test_a_column_is_found_by_its_path(path: str, value: Any) -> None:
    assert value_at(CONTEXT, path) == value
