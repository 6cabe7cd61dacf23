"""Events and queries over one small vocabulary, so that they meet; hostile where a vocabulary can be."""

from typing import Any

from hypothesis import strategies as st

from logserver.store import query
from logserver.store.events import Event
from tests.store.stored import START, event

WORDS = [
    "foo",
    "Foo",
    "bar",
    "foobar",
    "été",
    "ETE",
    "日本",
    "x1",
    "…",
    "a@b.c",
    '"',
    "\ue0ff",
    "\x00",
    "\x1f",
]
KEYS = [
    "a",
    "A",
    "b",
    "a.b",
    "é",
    "k k",
    'q"q',
    "\x1f",
    "Level",
    "type",
    "context",
    "level",
    "",
    "message",
    "env",
]
STRINGS = [
    "foo",
    "FOO",
    "foo bar",
    "",
    "82.5",
    "82",
    "1e3",
    "é",
    "level\x1ferror",
    "\ue0fferror",
    "\x1e",
    "//",
    "\\",
]
NUMBERS = [0, 1, -3, 82, 82.5, 82.0, 1000, 2.5e-3, 10**30]
SPELLINGS = ["0", "1", "-3", "82", "82.5", "82.0", "+82.50", "1e3", ".0025", "81.9", "1e30", "-1E-2"]

message = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
scalar = st.one_of(st.sampled_from(STRINGS), st.sampled_from(NUMBERS), st.booleans(), st.none(), st.just("y" * 129))
value: st.SearchStrategy[Any] = st.recursive(
    scalar,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)),
    max_leaves=4,
)
context = st.dictionaries(st.sampled_from(KEYS), value, max_size=4)
events = st.builds(
    lambda text, kind, level, group, attributes: (text, kind, level, group, attributes),
    message,
    st.sampled_from(["log", "error", "span"]),
    st.sampled_from(["info", "WARNING", "warn", "error", "odd"]),
    st.sampled_from([None, b"g" * 16]),
    context,
) | st.builds(
    lambda text, attributes, tenant, actor: (
        text,
        "audit",
        "info",
        None,
        attributes | {"tenant_id": tenant, "action": text or "none", "actor": actor},
    ),
    message,
    context,
    st.sampled_from(STRINGS),
    st.fixed_dictionaries({"id": st.sampled_from(STRINGS)}) | scalar,
)
places = st.tuples(st.integers(1, 3), st.integers(0, 4), st.integers(0, 2))


def numbered(drawn: dict[tuple[int, int, int], tuple[Any, ...]]) -> list[Event]:
    found = []
    for (project, ms, counter), (text, kind, level, group, attributes) in drawn.items():
        one = event(text, project=project, ms=START + ms, counter=counter, kind=kind, level=level, group=group)
        one.context = attributes
        found.append(one)
    return found


stores = st.dictionaries(places, events, max_size=20).map(numbered)

keys = st.one_of(
    st.sampled_from(KEYS),
    st.sampled_from(["context.level", "context.type", "a.a", "a.b.a", ".a", "level.a", "context.level.a"]),
).map(query.folded)
facets = st.one_of(
    st.builds(query.Facet, keys.filter(lambda key: key != "level"), st.sampled_from(STRINGS), st.booleans()),
    st.builds(query.Facet, keys.filter(lambda key: key != "level"), st.sampled_from(["true", "1", "82", "-3"])),
    st.builds(query.Facet, st.just("level"), st.sampled_from(["warn", "info", "error", "odd", "true"])),
    st.builds(query.Facet, st.just("group"), st.just("67676767-6767-6767-6767-676767676767")),
    st.builds(query.Facet, st.just("type"), st.sampled_from(["LOG", "error", "l"]), st.booleans()),
)
texts = st.builds(
    query.Text,
    st.lists(st.sampled_from(WORDS[:-2]), min_size=1, max_size=3)
    .map(" ".join)
    .filter(lambda phrase: any(c.isalnum() or c == "…" for c in phrase)),
    st.booleans(),
)
orders = st.builds(query.Compare, keys, st.sampled_from([">", ">=", "<", "<="]), st.sampled_from(SPELLINGS))
equals = st.builds(
    query.Compare,
    keys.filter(lambda key: key not in query.NAMES),
    st.just("="),
    st.sampled_from([number for number in SPELLINGS if not number.lstrip("+-").isdecimal()]),
)
leaves: st.SearchStrategy[query.Node] = st.one_of(facets, texts, orders, equals, st.builds(query.Present, keys))
queries: st.SearchStrategy[query.Node] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        inner.map(query.negation),
        st.lists(inner, min_size=2, max_size=3).map(query.conjunction),
        st.lists(inner, min_size=2, max_size=3).map(query.disjunction),
    ),
    max_leaves=6,
)

exacts = st.builds(
    query.Exact, st.sampled_from(["tenant_id", "actor.id", "action", "target.id"]), st.sampled_from(STRINGS)
)
globs = st.builds(
    query.Glob,
    st.sampled_from(["a", "b", "a.b", "context"]),
    st.sampled_from(["*", "foo*", "*o*r", "FOO", "", "8*", "\\*"]),
)
conditions: st.SearchStrategy[query.Node] = st.recursive(
    exacts | globs | leaves,
    lambda inner: st.one_of(
        inner.map(query.negation),
        st.lists(inner, min_size=2, max_size=3).map(query.conjunction),
        st.lists(inner, min_size=2, max_size=3).map(query.disjunction),
    ),
    max_leaves=5,
)
"""What the language can say, mixed with what only the program can ask."""
