import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logserver.store.errors import QuerySyntaxError
from logserver.store.query import And, Compare, Exact, Facet, Glob, Node, Not, Or, Present, Text, canonical
from logserver.store.syntax import MAX_CHARACTERS, parse
from tests.store import strategies


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", And(())),
        ("  \t\n ", And(())),
        ("foo", Text("foo")),
        ("foo*", Text("foo", prefix=True)),
        ('"foo bar"', Text("foo bar")),
        ('"foo bar"*', Text("foo bar", prefix=True)),
        (r'"say \"hi\" \\ \n"', Text('say "hi" \\ \\n')),
        ("a b AND c", And((Text("a"), Text("b"), Text("c")))),
        ("a b OR c", Or((And((Text("a"), Text("b"))), Text("c")))),
        ("a (b OR c)", And((Text("a"), Or((Text("b"), Text("c")))))),
        ("a or b", And((Text("a"), Text("or"), Text("b")))),
        ("-a", Not(Text("a"))),
        ("NOT a", Not(Text("a"))),
        ("NOT -a", Text("a")),
        ("-(a b)", Not(And((Text("a"), Text("b"))))),
        ("Level:WARNING", Facet("level", "warn")),
        ("event_type:log", Facet("type", "log")),
        ("ENV:prod", Facet("environment", "prod")),
        ('"env":prod', Facet("env", "prod")),
        ("path:/x*", Facet("path", "/x", prefix=True)),
        ('user:"two words"', Facet("user", "two words")),
        ('"odd key":1', Facet("odd key", "1")),
        ("user:*", Present("user")),
        ('user:"*"', Facet("user", "*")),
        ("n:>10", Compare("n", ">", "10")),
        ("n:<=-1.5e3", Compare("n", "<=", "-1.5e3")),
        ("n:82.5", Compare("n", "=", "82.5")),
        ('n:"82.5"', Facet("n", "82.5")),
        ("n:82", Facet("n", "82")),
        ("n:-5", Facet("n", "-5")),
        ("release:1.2", Facet("release", "1.2")),
        ("message:reset", Text("reset")),
        ('message:"by peer"', Text("by peer")),
        ("message:re*", Text("re", prefix=True)),
        ('"message":x', Facet("message", "x")),
        ("http://x", Text("http://x")),
        ("12:30:45", Text("12:30:45")),
        ("Active::Record", Text("Active::Record")),
        (r"C:\temp", Text(r"C:\temp")),
        ("url:http://x", Facet("url", "http://x")),
        ("user@example.com", Text("user@example.com")),
        ("@timestamp:x", Facet("@timestamp", "x")),
        ("ÀB:x", Facet("Àb", "x")),
    ],
)
def test_text_becomes_a_tree(text: str, tree: Node) -> None:
    assert parse(text) == tree
    assert parse(canonical(tree)) == tree


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("a (b", 2),
        ("a b)", 3),
        ("()", 1),
        ('a "b', 2),
        ("user:", 5),
        ("user: x", 5),
        ("n:>x", 3),
        ("n:>=", 4),
        ("n:>1e999", 3),
        ("a - b", 2),
        ("-", 0),
        ("a ->", 3),
        ("OR a", 0),
        ("a OR", 4),
        ("a AND", 5),
        ("NOT", 3),
        ("a ***", 2),
        ('""', 0),
        ("message:...", 8),
        ("message:*", 8),
        ("a\x00", 1),
        ("a\ud800", 1),
        ("\ue000", 0),
        ("(" * 33 + "a", 33),
        ("-" * 33 + "a", 33),
        ("a " * 65, 128),
        ("x" * (MAX_CHARACTERS + 1), MAX_CHARACTERS),
        ("a:" + "x" * 129, 2),
        ("b " + "a" * 129 + ":x", 2),
        ('"' + "\\" * 4000, 0),
    ],
)
def test_a_refusal_points_at_the_character(text: str, position: int) -> None:
    with pytest.raises(QuerySyntaxError) as refused:
        parse(text)
    assert refused.value.position == position
    assert str(refused.value)


def test_the_limits_themselves_are_allowed() -> None:
    parse("(" * 32 + "a" + ")" * 32)
    parse("a " * 64)
    parse("x" * MAX_CHARACTERS)
    parse("n:>" + "9" * 4_000)


@settings(max_examples=500)
@given(strategies.queries)
def test_canonical_text_is_the_tree(tree: Node) -> None:
    assert parse(canonical(tree)) == tree


@given(st.text() | st.text(alphabet='ab:"\\*-() >5.eNOTRAD'))
def test_what_was_parsed_has_one_spelling(text: str) -> None:
    try:
        tree = parse(text)
    except QuerySyntaxError as error:
        assert 0 <= error.position <= len(text)  # noqa: PT017 - the refusal is one of two right outcomes
    else:
        assert parse(canonical(tree)) == tree


def test_what_the_language_cannot_say_has_a_text_of_its_own() -> None:
    """A cursor is bound to the text, so no two questions have the same."""
    trees: list[Node] = [
        Exact("a", "b"),
        Exact("a", "B"),
        Facet("a", "b"),
        Facet("a", '=="b"'),
        Glob("a", "b"),
        Glob("a", "b*"),
        Facet("a", "b", prefix=True),
        Not(Exact("a", "b")),
        Exact("a.b", ""),
        Exact("a", '"'),
    ]
    assert len({canonical(tree) for tree in trees}) == len(trees)
    assert canonical(Exact("tenant_id", 'a"b')) == r'tenant_id:=="a\"b"'
