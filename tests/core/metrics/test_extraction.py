"""Rules applied to lines: what they yield, and that the fast way yields the same."""

from typing import Any

import pytest
import re2  # type: ignore[import-untyped]  # it is published without types
from hypothesis import given
from hypothesis import strategies as st

from logserver.core.metrics import patterns
from logserver.core.metrics.extraction import Extractor, Reader, RuleSet
from logserver.core.metrics.rules import MetricConfig, MetricRule
from logserver.core.metrics.tallies import Tally


def rule(pattern: str, **fields: Any) -> MetricRule:
    return MetricRule(**{"name": "m", "type": "counter", "pattern": pattern, **fields})


def found(rules: list[MetricRule], line: bytes) -> list[tuple[str, dict[str, str], float]]:
    return [(one.rule.name, dict(one.labels), one.value) for one in Extractor([*map(Reader, rules)]).matches(line)]


@pytest.mark.parametrize(
    ("fields", "line", "value", "labels"),
    [
        ({"pattern": "ERROR"}, b"an ERROR", 1.0, {}),
        ({"pattern": "sent=([0-9]+)", "value_capture": "$1"}, b"sent=12", 12.0, {}),
        ({"pattern": "sent=(?P<n>[0-9]+)", "value_capture": "$n"}, b"sent=12", 12.0, {}),
        (
            {"pattern": "(?P<n>.*) ms", "type": "gauge", "value_capture": "$n", "value_transform": 0.001},
            b"500 ms",
            0.5,
            {},
        ),
        ({"pattern": "t=(.*)", "type": "gauge", "value_capture": "$1"}, b"t=-1.5e2", -150.0, {}),
        ({"pattern": "(?P<m>GET|POST) (?P<p>\\S+)", "labels": ["p", "m"]}, b"GET /x y", 1.0, {"m": "GET", "p": "/x"}),
        ({"pattern": "(GET|POST) (\\S+)", "labels": {"path": "$2"}}, b"GET /x y", 1.0, {"path": "/x"}),
        ({"pattern": "(?P<a>x)|(?P<b>y)", "labels": ["a", "b"]}, b"y", 1.0, {"b": "y"}),
        ({"pattern": "user=(?P<u>.*)", "labels": ["u"]}, "user=Jürgen 🎈".encode(), 1.0, {"u": "Jürgen 🎈"}),
        ({"pattern": "ü(?P<u>.)", "labels": ["u"]}, "müß".encode(), 1.0, {"u": "ß"}),
        ({"pattern": "^(?P<u>.*)$", "labels": ["u"]}, b"a\xff\xe2\x82b", 1.0, {"u": "a\ufffd\ufffdb"}),
        ({"pattern": "^..$"}, b"\xff\xff", 1.0, {}),
        ({"pattern": "(?P<l>x+)", "labels": ["l"]}, b"x" * 300, 1.0, {"l": "x" * 200}),
    ],
)
def test_what_a_line_yields(fields: dict[str, Any], line: bytes, value: float, labels: dict[str, str]) -> None:
    assert found([rule(**fields)], line) == [("m", labels, value)]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"pattern": "ERROR"}, b"fine"),
        ({"pattern": "n=(.*)", "value_capture": "$1"}, b"n=many"),
        ({"pattern": "n=(.*)", "value_capture": "$1"}, b"n=1_000"),
        ({"pattern": "n=(.*)", "value_capture": "$1"}, b"n=nan"),
        ({"pattern": "n=(.*)", "value_capture": "$1"}, b"n=inf"),
        ({"pattern": "n=(.*)", "value_capture": "$1"}, b"n=1e999"),
        ({"pattern": "n=(.*)", "value_capture": "$1"}, b"n="),
        ({"pattern": "n=(.*)", "value_capture": "$1"}, b"n=" + b"9" * 500),
        ({"pattern": "n=(.*)", "value_capture": "$1"}, "n=\u0663".encode()),
        ({"pattern": "n=(.*)", "value_capture": "$1"}, b"n=-1"),
        ({"pattern": "a|n=(.*)", "value_capture": "$1"}, b"a"),
        ({"pattern": "n=(.*)", "type": "gauge", "value_capture": "$1", "value_transform": 10}, b"n=1e308"),
    ],
)
def test_a_line_without_a_number_yields_nothing(fields: dict[str, Any], line: bytes) -> None:
    assert found([rule(**fields)], line) == []


PIECES = [
    "a",
    "b",
    r"\s",
    r"\S",
    "[^a]",
    "[^\n]",
    ".",
    "(?s:.)",
    "^",
    "$",
    "(?m:^)",
    "(?m:$)",
    r"\A",
    r"\z",
    r"\b",
    r"\B",
]
PIECES += ["ü", r"\pL", r"\w", r"\d", "(?i:A)", "", "(?P<g>a*)", "\n"]
expressions_of = (
    st.lists(
        st.tuples(st.sampled_from(PIECES), st.sampled_from(["", "*", "+", "?", "{2}"])).map(
            lambda pair: pair[0] if pair[1] == "" else f"(?:{pair[0]}){pair[1]}"
        ),
        max_size=4,
    )
    .map("".join)
    .map(lambda text: text if text.count("?P<g>") < 2 else "a|b")
)
lines = st.lists(
    st.sampled_from([b"a", b"b", b" ", b"\n", b"\t", b"A", b"1", b"\xff", "ü".encode(), b"\xc3", b"\0"])
).map(b"".join)


def usable(pattern: str) -> bool:
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(pattern, options)
    except re2.error:
        return False
    return True


@given(st.lists(expressions_of.filter(usable), min_size=1, max_size=40), st.lists(lines, max_size=10))
def test_the_fast_way_is_the_slow_way(expressions: list[str], sent: list[bytes]) -> None:
    rules = [
        rule(expression, name=f"m{number}", labels=["g"] if "?P<g>" in expression else [])
        for number, expression in enumerate(expressions)
    ]
    extractor = Extractor([*map(Reader, rules)])
    slow, fast = Tally(), Tally()
    for line in sent:
        for one in extractor.matches(line):
            slow.add(*one)
    extractor.count(sent, fast)
    assert fast.state() == slow.state()


def config(source: str, *expressions: str, **fields: Any) -> MetricConfig:
    return MetricConfig(
        name=f"of {source}", log_source=source, metrics=[rule(one, name=one) for one in expressions], **fields
    )


def test_rules_are_chosen_by_source() -> None:
    rules = RuleSet(
        [config("", "every"), config("/var/log/*.log", "log"), config("stdin", "in"), config("", "off", enabled=False)]
    )

    def chosen(source: str) -> list[str]:
        extractor = rules.of(source)
        assert extractor is not None
        return [one.rule.name for one in extractor.matches(b"every log in off")]

    assert chosen("/var/log/a.log") == ["every", "log"]
    assert chosen("stdin") == ["every", "in"]
    assert rules.of("/a") is rules.of("/b")
    assert RuleSet([config("stdin", "x")]).of("/a") is None
    assert RuleSet([]).of("/a") is None


def test_what_cannot_be_used_is_left_out_and_named() -> None:
    rules = RuleSet([config("", "(", "fine"), config("[z-a]", "x")])
    assert [name for name, _ in rules.unusable] == ["(", "of [z-a]"]
    extractor = rules.of("/any")
    assert extractor is not None
    assert [one.rule.name for one in extractor.matches(b"fine")] == ["fine"]


def test_many_rules_are_found_in_their_order() -> None:
    extractor = Extractor([Reader(rule(f"x{number}y", name=f"m{number}")) for number in range(70)])
    tally = Tally()
    extractor.count([b"x69y x0y x33y x31y", b"nothing"], tally)
    assert [point.name for point in tally.points(0)] == ["m0", "m31", "m33", "m69"]


@pytest.mark.parametrize("memory", [1_000, 30_000, 300_000])
def test_patterns_that_no_set_has_room_for_are_still_found(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "SET_MEMORY", memory)
    large = [f"{chr(97 + number)}[^x]{{80}}z" for number in range(12)]
    extractor = Extractor([Reader(rule(one, name=one)) for one in large])
    tally = Tally()
    extractor.count([b"c" + b"-" * 80 + b"z", b"-", b"ld" + b"-" * 79 + b"zz"], tally)
    assert [point.name for point in tally.points(0)] == [large[2], large[3], large[11]]


def test_rules_of_very_many_kinds_of_sources_are_still_found() -> None:
    names = "abcdefghi"
    rules = RuleSet([config(f"*{name}*", name) for name in names])
    for number in range(1, 1 << len(names)):
        chosen = [name for bit, name in enumerate(names) if number >> bit & 1]
        extractor = rules.of("/var/log/" + "-".join(chosen))
        assert extractor is not None
        assert [one.rule.name for one in extractor.matches(names.encode())] == chosen


@pytest.mark.parametrize("expression", ["(", "\ud800", r"(?:\pL{3}){2}"])
def test_what_is_no_pattern_is_refused(expression: str) -> None:
    with pytest.raises(patterns.Unusable):
        patterns.compiled(expression)
