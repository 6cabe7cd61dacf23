"""Filters of lines: what is asked in either form is what comes through, and what cannot be read says where."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logserver.core.faults import Invalid
from logserver.core.lines.conditions import Condition
from logserver.core.lines.filters import LineFilter
from logserver.core.lines.lines import LogLine

LINE = LogLine(
    source="/var/log/nginx/error.log",
    raw='{"level":"warning","msg":"no such order","code":404,"user":{"id":"u1"},"ok":true}',
    message="no such order",
    level="warn",
    time=None,
    fields={"code": 404, "user": {"id": "u1"}, "ok": True, "a.b": "flat"},
)
UNSAID = LogLine(source="stdin", raw="hello\nthere", message="hello\nthere", level="", time=None, fields={})


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", True),
        ("  \n ", True),
        ("{}", True),
        ('|= "order"', True),
        ('|= "Order"', False),
        ('|= ""', True),
        ('!= "order"', False),
        ('!= "parcel"', True),
        ('|~ "or.er"', True),
        ('|~ "^order"', False),
        ('|~ "(?i)ORDER"', True),
        ('!~ "or.er"', False),
        ('!~ "^order"', True),
        ('|= "order" != "parcel" |~ "40[0-9]" !~ "50[0-9]"', True),
        ('|= "order" != "parcel" |~ "40[0-9]" !~ "40[0-9]"', False),
        ('|= "parcel" or "order"', True),
        ('|~ "parcel" or `ord\\w+`', True),
        ('!= "parcel" or "order"', False),
        ('{level="warn"}', True),
        ('{level="WARNING"}', True),
        ('{level="error"}', False),
        ('{level!="error"}', True),
        ('{level!="warning"}', False),
        ('{level=~"warning|error"}', True),
        ('{level=~"WARN"}', True),
        ('{level=~"war"}', False),
        ('{level!~"err.*"}', True),
        ('{source="/var/log/nginx/error.log"}', True),
        ('{source=~"/var/log/.*"}', True),
        ('{source=~"/var/log"}', False),
        ('{source!~"/var/log"}', True),
        ('{message="no such order"}', True),
        ('{message=~"no such"}', False),
        ('{code="404", user.id="u1", ok="true"}', True),
        ('{code="404", user.id="u2"}', False),
        ('{a.b="flat"}', True),
        ('{a.c=""}', True),
        ('{nothing=""}', True),
        ('{nothing!=""}', False),
        ('{user.id.more=""}', True),
        ('{user=~".*u1.*"}', True),
        ('{level="warn",} |= `such`', True),
        ('{ level = "warn" , code = "404" }|="order"', True),
    ],
)
def test_a_query_wants_a_line(query: str, *, wanted: bool) -> None:
    line_filter = LineFilter.of(query)
    assert line_filter.wants(LINE) is wanted
    assert LineFilter.from_json(line_filter.to_json()).wants(LINE) is wanted


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({}, True),
        ({"level": [], "source": "", "pattern": None}, True),
        ({"level": ["warning"]}, True),
        ({"level": ["error", "warn"]}, True),
        ({"level": "error"}, False),
        ({"source": "*/error.log"}, True),
        ({"source": ["/tmp/*", "/var/*"]}, True),  # noqa: S108 - nothing is written there
        ({"source": "/var"}, False),
        ({"pattern": "such +order"}, True),
        ({"pattern": "^such"}, False),
        ({"level": ["warn"], "source": "/var/*", "pattern": "order"}, True),
        ({"level": ["warn"], "source": "/var/*", "pattern": "parcel"}, False),
    ],
)
def test_the_other_form_wants_a_line(filters: dict[str, Any], *, wanted: bool) -> None:
    line_filter = LineFilter.of(None, filters)
    assert line_filter.wants(LINE) is wanted
    assert LineFilter.from_json(line_filter.to_json()).wants(LINE) is wanted


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ('{level="info"}', True),
        ('{level=""}', False),
        ('{source="stdin"}', True),
        ('{message=~"hello.there"}', True),
        ('|~ "o.t"', False),
        ('|= "o\\nt"', True),
    ],
)
def test_a_line_that_says_no_level_is_info(query: str, *, wanted: bool) -> None:
    assert LineFilter.of(query).wants(UNSAID) is wanted


def test_both_forms_must_be_met() -> None:
    assert LineFilter.of('|= "order"', {"level": ["warn"]}).wants(LINE)
    assert not LineFilter.of('|= "order"', {"level": ["error"]}).wants(LINE)
    assert not LineFilter.of('|= "parcel"', {"level": ["warn"]}).wants(LINE)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ('"order"', "character 1: expected |="),
        ("order", "character 1: expected |="),
        ("|= order", "character 4: expected a string"),
        ("|= 'order'", "character 4: expected a string"),
        ('|= "order', "character 4: this string does not end"),
        ('|= "a\nb"', "character 4: this string does not end"),
        ("|= `order", "character 4: expected a string"),
        ('|= "a" or', "character 10: expected a string"),
        ('|= "a" |', "character 8: expected |="),
        (r'|= "\q"', "character 5: this escape is not known"),
        (r'|= "\ud800"', "character 5: this escape is no character"),
        (r'|= "\U00110000"', "character 5: this escape is no character"),
        (r'|= "\777"', "character 5: this escape is no character"),
        (r'|= "\xff"', "character 4: this string is not valid UTF-8"),
        ('|~ "("', "character 1: the pattern cannot be used: missing )"),
        ('{level="a"} |~ "a{1001}"', "character 13: the pattern cannot be used"),
        ('{level=~"a)|(b"}', "character 2: the pattern cannot be used"),
        ("{level}", "character 7: expected =, !=, =~ or !~ after level"),
        ('{level="a"', "character 11: expected , or }"),
        ('{level="a" code="b"}', "character 12: expected , or }"),
        ("{,}", "character 2: expected the name of a label"),
        ('{1a="b"}', "character 2: expected the name of a label"),
        ("{level=warn}", "character 8: expected a string"),
        ('|= "' + "x" * 1_025 + '"', "longer than 1024 characters"),
        ("|= `" + "x" * 4_096 + "`", "must be at most 4096 characters"),
        ('|= "a" ' * 21, "has more than 20 conditions"),
        ('|~ "a"' * 9, "has more than 8 patterns"),
        ('|= "a"' + ' or "a"' * 50, "has more than 50 values"),
        ('|~ "' + "(a?){1000}" * 9 + '"', "the pattern cannot be used"),
    ],
)
def test_a_query_that_is_none_says_where(query: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        LineFilter.of(query)
    ((field, message),) = refused.value.problems
    assert field == "filter_query"
    assert said in message


@pytest.mark.parametrize(
    ("filters", "problems"),
    [
        ("error", [("filters", "Expected object")]),
        ({"levels": ["error"]}, [("filters.levels", "Must be one of level, source, pattern")]),
        ({"level": [1]}, [("filters.level", "Expected array of strings")]),
        ({"level": ["a"] * 51}, [("filters.level", "Must be at most 50")]),
        ({"source": "x" * 1_025}, [("filters.source", "Must be at most 1024 characters each")]),
        ({"pattern": ["a"]}, [("filters.pattern", "Expected string")]),
        ({"pattern": "("}, [("filters.pattern", "cannot be used: missing )")]),
        ({"pattern": "\ud800"}, [("filters.pattern", "cannot be used: invalid UTF-8")]),
        ({"level": ["a"] * 30, "source": ["b"] * 30}, [("filters", "has more than 50 values")]),
    ],
)
def test_the_other_form_says_what_is_wrong_under_its_field(filters: Any, problems: list[tuple[str, str]]) -> None:
    with pytest.raises(Invalid) as refused:
        LineFilter.of(None, filters)
    assert refused.value.problems == problems


def test_a_query_that_is_no_text_is_refused() -> None:
    with pytest.raises(Invalid, match="filter_query: Expected string"):
        LineFilter.of(7)  # type: ignore[arg-type] # as a client may send it


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"conditions": [{"on": "", "by": "guess", "values": ["a"]}]},
        {"conditions": [{"on": "", "by": "text", "values": []}]},
        {"conditions": [{"on": "", "by": "pattern", "values": ["("]}]},
        {"conditions": [{"on": "", "by": "text", "values": ["a"]}] * 21},
        {"conditions": [], "more": 1},
    ],
)
def test_what_travels_is_checked_where_it_arrives(value: Any) -> None:
    with pytest.raises(Invalid, match=r"^filter: "):
        LineFilter.from_json(value)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.one_of(TEXTS, TEXTS.map(lambda text: text[1:]))


def quoted(text: str) -> str:
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}
    return '"' + "".join(escapes.get(character, character) for character in text) + '"'


def escaped(text: str) -> str:
    """The same, every byte of UTF-8 as an escape."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in text.encode()) + '"'


@given(raw=TEXTS, value=TEXTS)
def test_a_text_is_found_as_python_finds_it(raw: str, value: str) -> None:
    line = LogLine(source="", raw=raw, message=raw, level="", time=None, fields={"key": raw})
    for spelled in (quoted(value), escaped(value)):
        assert LineFilter.of(f"|= {spelled}").wants(line) is (value in raw)
        assert LineFilter.of(f"!= {spelled}").wants(line) is (value not in raw)
        assert LineFilter.of(f"{{key={spelled}}}").wants(line) is (value == raw)
        assert LineFilter.of(f"{{key!={spelled}}}").wants(line) is (value != raw)


@given(
    st.lists(
        st.builds(
            Condition,
            st.sampled_from(["", "level", "source", "key"]),
            st.sampled_from(["text", "glob"]),
            st.lists(VALUES, min_size=1, max_size=3).map(tuple),
            st.booleans(),
        ),
        max_size=5,
    ),
    st.builds(
        LogLine,
        source=TEXTS,
        raw=TEXTS,
        message=TEXTS,
        level=st.sampled_from(["", "warn", "error"]),
        time=st.none(),
        fields=st.dictionaries(st.sampled_from(["key", "level"]), TEXTS),
    ),
)
def test_what_travels_wants_the_same(conditions: list[Condition], line: LogLine) -> None:
    line_filter = LineFilter(tuple(conditions))
    again = LineFilter.from_json(line_filter.to_json())
    assert again.conditions == line_filter.conditions
    assert again.wants(line) is line_filter.wants(line)
    for condition in conditions:
        opposite = Condition(condition.on, condition.by, condition.values, not condition.unless)
        assert LineFilter((condition,)).wants(line) is not LineFilter((opposite,)).wants(line)


@given(st.text(st.sampled_from('{}=!|~"`\\, orlevx0u\n'), max_size=40))
def test_whatever_is_typed_is_a_filter_or_refused(query: str) -> None:
    try:
        problems = [] if LineFilter.of(query).wants(LINE) in {True, False} else [("", "")]
    except Invalid as refused:
        problems = refused.problems
    assert {field for field, _ in problems} <= {"filter_query"}
