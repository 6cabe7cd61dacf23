"""What lines say."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from logserver.core.lines.fields import MAX_CHARACTERS, MAX_DEPTH, MAX_FIELDS, MAX_NAME, MAX_TEXT
from logserver.core.lines.levels import LEVELS
from logserver.core.lines.lines import LogLine, parse
from logserver.core.times import iso_text

AT = "2026-01-02T03:04:05.678Z"


def said(line: str | bytes) -> LogLine:
    return parse("/var/log/app.log", line if isinstance(line, bytes) else line.encode())


def test_json_gives_message_level_time_and_the_rest() -> None:
    line = f'{{"time":"{AT}","level":"ERROR","msg":"no room","port":80,"user":{{"id":7,"tags":["a",true,null,1.5]}}}}'

    one = parse("/a", line.encode())

    assert one == LogLine(
        source="/a",
        raw=line,
        message="no room",
        level="error",
        time=1767323045678000,
        fields={"port": 80, "user": {"id": 7, "tags": ["a", True, None, 1.5]}},
    )


def test_logfmt_gives_message_level_time_and_the_rest() -> None:
    line = rf'ts={AT} lvl=warn msg="say \"hi\"\tto \\ all" port=80 rate=1.5 version=1.10 zip=00123 ok=true flag empty='

    one = said(line)

    assert (one.message, one.level, one.time) == ('say "hi"\tto \\ all', "warn", 1767323045678000)
    assert one.fields == {
        "port": 80,
        "rate": 1.5,
        "version": "1.10",
        "zip": "00123",
        "ok": True,
        "flag": True,
        "empty": "",
    }


@pytest.mark.parametrize(
    "line",
    [
        "user=bob logged in from x=1",
        "x=1",
        "the key=value and another=one in prose",
        "",
        "   ",
        "=1 =2",
        '"a"="b" c=d',
        "{not json}",
        "[1, 2]",
        '{"a": 1} trailing',
        '{"a": 1',
        "a" * 2_000_000,
    ],
)
def test_anything_else_is_plain(line: str) -> None:
    one = said(line)

    assert (one.raw, one.message, one.fields) == (line, line, {})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"message": "a", "msg": "b"}, "a"),
        ({"msg": "a"}, "a"),
        ({"log": "a\n"}, "a\n"),
        ({"text": "a"}, "a"),
        ({"event": "a"}, "a"),
        ({"Message": "a"}, "a"),
        ({"message": "", "msg": "b"}, "b"),
        ({"message": {"a": 1}, "text": "b"}, "b"),
    ],
)
def test_the_message_is_the_first_text_of_a_usual_name(fields: dict[str, Any], message: str) -> None:
    assert said(json.dumps(fields)).message == message


@pytest.mark.parametrize("fields", [{"a": 1}, {"msg": "  "}, {"message": 5}, {}])
def test_without_a_message_it_is_the_line(fields: dict[str, Any]) -> None:
    one = said(json.dumps(fields))

    assert one.message == one.raw
    assert one.fields == fields


@pytest.mark.parametrize(
    ("name", "value", "level"),
    [
        ("level", "info", "info"),
        ("lvl", "DEBUG", "debug"),
        ("severity", "Warning", "warn"),
        ("log.level", "err", "error"),
        ("levelname", "CRITICAL", "fatal"),
        ("LEVEL", " notice ", "info"),
        ("level", "WRN", "warn"),
        ("level", "SEVERE", "error"),
        ("level", "trace", "trace"),
        ("level", 10, "trace"),
        ("level", 20, "debug"),
        ("level", 30, "info"),
        ("level", 40, "warn"),
        ("level", 50, "error"),
        ("level", 60, "fatal"),
        ("level", 35, "info"),
        ("level", "50", "error"),
        ("level", 50.0, "error"),
        ("level", 0, "fatal"),
        ("severity", 3, "error"),
        ("severity", 4, "warn"),
        ("severity", 7, "debug"),
        ("PRIORITY", "6", "info"),
    ],
)
def test_levels_by_name(name: str, value: Any, level: str) -> None:
    assert said(json.dumps({name: value, "msg": "m"})).level == level


@pytest.mark.parametrize("value", ["banana", "", "9" * 400, 9, 70, -1, 1e300, True, None, [], {"a": 1}, 2**70])
def test_what_is_no_level_stays_a_field(value: Any) -> None:
    one = parse("/a", json.dumps({"level": value, "msg": "m"}).encode())

    assert one.level == ""
    assert ("level" in one.fields) == (value != 2**70)


def test_the_level_within_log_counts() -> None:
    one = said('{"log":{"level":"error","logger":"x"},"message":"m"}')

    assert (one.level, one.fields) == ("error", {"log": {"level": "error", "logger": "x"}})


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("2026/01/02 03:04:05 [error] 12#0: *1 open() failed", "error"),
        ("[Fri Sep 09 10:42:29.902022 2011] [core:error] [pid 35708] File does not exist", "error"),
        ("2026-01-02 03:04:05,123 ERROR [main] com.example.Thing - no", "error"),
        ("03:04:05.123 [main] WARN  c.e.Thing - no", "warn"),
        ("WARN: low", "warn"),
        ("ERROR:root:no", "error"),
        ("2026-01-02 03:04:05 - name - CRITICAL - no", "fatal"),
        ("[2026-01-02T03:04:05+00:00] app.ERROR: no", "error"),
        ("[2026-01-02T03:04:05Z INFO  server] up", "info"),
        ("2026-01-02 03:04:05 UTC [12] FATAL:  no", "fatal"),
        ("E0102 15:04:05.000001       1 file.go:12] no", "error"),
        ("<11>Jan  2 03:04:05 host app: no", "error"),
        ("<165>1 2026-01-02T03:04:05Z host app - - - yes", "info"),
        ("<0>kernel gone", "fatal"),
        ("error: no such thing", "error"),
        ("2026-01-02 03:04:05 warning: low", "warn"),
        ("1.7e9\tinfo\tup", "info"),
        ("\x1b[31mERROR\x1b[0m no", "error"),
        ("[12:00:00 INF] up", "info"),
        ("level=ERROR something that is no logfmt", "error"),
        ("an error: no", ""),
        ("no errors at all", ""),
        ("terror", ""),
        ("MISINFORMED", ""),
        ("<999>no", ""),
        ("ERRORS=5", ""),
        ('1.2.3.4 - - [10/Oct/2026:13:55:36 +0200] "GET /[error] HTTP/1.1" 500 12', ""),
        ("x" * 200 + " ERROR", ""),
    ],
)
def test_levels_in_plain_text(line: str, level: str) -> None:
    assert said(line).level == level


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("time", AT, AT),
        ("ts", 1767323045, "2026-01-02T03:04:05.000Z"),
        ("ts", 1767323045.678, AT),
        ("timestamp", 1767323045678, AT),
        ("@timestamp", 1767323045678123, "2026-01-02T03:04:05.678123Z"),
        ("time", 1767323045678123456, "2026-01-02T03:04:05.678123Z"),
        ("time", "1767323045678", AT),
        ("date", "2026-01-02T05:04:05.678+02:00", AT),
        ("time", "2026-01-02 03:04:05,678", AT),
        ("time", "2026-01-02T03:04:05.678999999Z", "2026-01-02T03:04:05.678999Z"),
        ("Timestamp", "20260102T030405Z", "2026-01-02T03:04:05.000Z"),
    ],
)
def test_times_by_name(name: str, value: Any, text: str) -> None:
    one = said(json.dumps({name: value, "msg": "m"}))

    assert one.time is not None
    assert iso_text(one.time) == text
    assert one.fields == {}


@pytest.mark.parametrize(
    "value",
    [0, 12, 0.25, -1767323045, 1e300, True, None, "soon", "2026-01-02", "0001-01-01T00:00:00Z", "9" * 30, [1767323045]],
)
def test_what_is_no_time_stays_a_field(value: Any) -> None:
    one = said(json.dumps({"time": value, "msg": "m"}))

    assert one.time is None
    assert one.fields == {"time": value}


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (f"{AT} up", AT),
        ("2026-01-02 03:04:05.678 up", AT),
        ("2026-01-02 03:04:05,678 - name - INFO", AT),
        ("[2026-01-02T03:04:05.678+00:00] up", AT),
        ("2026-01-02 05:04:05.678 +0200 up", AT),
        ("2026/01/02 03:04:05 [error] 1#1: no", "2026-01-02T03:04:05.000Z"),
        ("<165>1 2026-01-02T03:04:05.678Z host", AT),
        ('1.2.3.4 - bob [02/Jan/2026:05:04:05 +0200] "GET / HTTP/1.1" 200 1', "2026-01-02T03:04:05.000Z"),
        ('1.2.3.4 - - [01/Jan/2026:22:04:05 -0500] "GET / HTTP/1.1" 200 1', "2026-01-02T03:04:05.000Z"),
        ("\x1b[2m2026-01-02T03:04:05.678Z\x1b[0m up", AT),
    ],
)
def test_times_in_plain_text(line: str, text: str) -> None:
    one = said(line)

    assert one.time is not None
    assert iso_text(one.time) == text


@pytest.mark.parametrize(
    "line",
    [
        "Jan  2 03:04:05 host app: no year",
        "up since 2026-01-02T03:04:05Z",
        "2026-13-02 03:04:05 no month",
        '1.2.3.4 - - [31/Feb/2026:05:04:05 +0200] "GET /"',
        '1.2.3.4 - - [02/Foo/2026:05:04:05 +0200] "GET /"',
        '1.2.3.4 - - [02/Jan/2026:05:04:05 +9900] "GET /"',
        "",
    ],
)
def test_no_time_in_plain_text(line: str) -> None:
    assert said(line).time is None


def test_what_docker_knew_counts_where_the_line_says_nothing() -> None:
    assert parse("/a", b"up", time=5, fields={"stream": "stderr"}) == LogLine(
        "/a", "up", "up", "", 5, {"stream": "stderr"}
    )
    one = parse("/a", b'{"ts":1767323045,"stream":"mine","a":1}', time=5, fields={"stream": "stderr"})
    assert (one.time, one.fields) == (1767323045000000, {"stream": "mine", "a": 1})


def test_bytes_that_are_no_text_are_replaced() -> None:
    one = said(b'\xef\xbb\xbf{"msg":"a\xffb","level":"info"}\r')

    assert (one.message, one.level) == ("a\ufffdb", "info")


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ('{"msg":"m","a":NaN,"b":Infinity,"c":1e999,"d":1}', {"a": None, "b": None, "d": 1}),
        (r'{"msg":"m","a":"\ud83d","b\udc00":2}', {"a": "\ufffd", "b\ufffd": 2}),
        (r'{"msg":"m","a":"\ud83d\ude00"}', {"a": "\U0001f600"}),
    ],
)
def test_what_programs_write_for_json(line: str, fields: dict[str, Any]) -> None:
    one = said(line)

    assert (one.message, one.fields) == ("m", fields)


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, dict | list) + max(map(depth, inner), default=0)


def test_fields_are_bounded() -> None:
    many = said(json.dumps({"many": list(range(10_000)), **{f"k{i}": i for i in range(10_000)}})).fields
    assert len(many["many"]) + len(many) <= MAX_FIELDS
    deep = said('{"a":' * 300 + "1" + "}" * 300).fields
    assert depth(deep) == MAX_DEPTH
    assert depth(said('{"a":' + "[" * 100_000 + "]" * 100_000 + "}").fields) <= MAX_DEPTH
    long = said(json.dumps({"a": "x" * 100_000, "n" * (MAX_NAME + 1): 1, "b": "y"})).fields
    assert {name: len(value) for name, value in long.items()} == {"a": MAX_TEXT, "b": 1}
    texts = said(json.dumps({f"k{i}": "x" * 8_000 for i in range(100)})).fields
    assert sum(len(name) + len(value) for name, value in texts.items()) <= MAX_CHARACTERS + MAX_NAME
    assert said('{"a":' + "9" * 5_000 + ',"b":18446744073709551616,"c":-5}').fields in ({"c": -5}, {})


@given(st.binary(max_size=300))
@example(b'{"level":' + b"9" * 10_000 + b"}")
@example(b'{"a":' * 20_000)
@example(b"a=" * 20_000)
@example(b'a="' + b"\\" * 100_001)
@example(b"[" * 100_000)
@example(b"\x1b[" * 50_000)
@example(b"2026-01-02 " + b"0" * 100_000)
def test_no_bytes_are_an_error(line: bytes) -> None:
    one = parse("stdin", line)

    assert one.raw == line.decode("utf-8", "replace")
    assert one.level in {"", *LEVELS}
    msgspec.json.encode(one)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
_names = st.sampled_from(["level", "time", "msg", "log", "priority", "severity", "ts", "a"]) | st.text()


@given(st.dictionaries(_names, _values))
def test_every_object_can_be_sent_on(held: dict[str, Any]) -> None:
    one = parse("stdin", json.dumps(held).encode())

    assert set(one.fields) <= {name.encode("utf-8", "replace").decode() for name in held} | set(held)
    msgspec.json.encode(one)


_words = st.from_regex(r"[a-z_.]{1,8}", fullmatch=True)


@given(
    st.dictionaries(_words, st.text(st.characters(codec="utf-8", exclude_characters='"\\'), max_size=20), min_size=2)
)
def test_quoted_logfmt_comes_through(held: dict[str, str]) -> None:
    one = said(" ".join(f'{name}="{value}"' for name, value in held.items()))

    left = {name: value for name, value in held.items() if name in one.fields}
    assert one.fields == left
    assert len(left) >= len(held) - 3
