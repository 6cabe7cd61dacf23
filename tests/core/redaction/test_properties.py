"""Whatever is sent: nothing found survives, and doing it again changes nothing."""

import base64
import string
from typing import Any

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from logserver.core.redaction.behaviors import BEHAVIORS, Behavior
from logserver.core.redaction.builtin import BUILTINS
from logserver.core.redaction.engine import Policy
from logserver.core.redaction.rules import Rule
from tests.core.redaction.making import builtin, everything, field, jwt, luhn_digit, pattern, policy

EXAMPLES = 80
POLICIES = {behavior: everything(behavior) for behavior in BEHAVIORS}
PATTERNS = [
    r"\d+",
    r"[a-z]+",
    "REDACTED",
    r"\*+",
    "sha256",
    r"\S+",
    r"\W",
    r"(?s).+",
    r"\]",
    r"[0-9a-f]{4}",
    "^a|b$",
    r"(?i)card \d",
    r"\C",
    "é",
]
WORDS = [
    "4111111111111111",
    "4111 1111 1111 1111",
    "sha256:4111111111111111",
    "sha256:0123456789abcdef",
    "[REDACTED]",
    "[REDACTED 2]",
    "[REDACTED]4111111111111111",
    "****-****-****-1234",
    "***-**-6789",
    "*****1234",
    "****",
    "123-45-6789",
    "123456789",
    "ssn",
    "bob@example.com",
    "+41446681800",
    "10.0.0.1",
    "Bearer abcdef1234567890",
    "Bearer ",
    "Authorization: ",
    "AKIAIOSFODNN7EXAMPLE",
    "aws secret",
    "eyJ",
    jwt(),
    "a",
    "b",
    "metadata",
    "é",
    "日本",
    "\ud800",
    "\n",
    '"',
    "\\",
    "\x00",
    "\x1e",
    ".",
    " ",
    "-",
    "*",
    "1",
]
wild = st.lists(st.sampled_from(WORDS), max_size=8).map("".join)
texts = st.one_of(wild, st.text(max_size=20), st.text(alphabet="0123456789 -.+()@aeyJ*[]", max_size=30))
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**11, max_value=10**20),
    st.sampled_from([4111111111111111, -4111111111111111, 4111111111111111.0, 4.111111111111111e18]),
    st.floats(),
    texts,
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
behaviors = st.sampled_from(BEHAVIORS)
paths = st.sampled_from(["*", "*.*", "a", "a.0", "metadata", "metadata.*", "ssn", "[REDACTED]", "[REDACTED].*", "é.b"])


@st.composite
def rules(draw: st.DrawFn) -> list[Rule]:
    chosen = draw(st.sets(st.sampled_from([each.name for each in BUILTINS])))
    found = [builtin(name, draw(behaviors)) for name in sorted(chosen)]
    several = st.lists(st.tuples(st.sampled_from(PATTERNS), behaviors), max_size=3)
    places = st.lists(st.tuples(paths, behaviors), max_size=2)
    found += [pattern(text, behavior, f"pattern-{at}") for at, (text, behavior) in enumerate(draw(several))]
    found += [field(path, behavior=behavior, rule_id=f"field-{at}") for at, (path, behavior) in enumerate(draw(places))]
    return found


def shape(value: Any) -> Any:
    """What redaction keeps of a value that no field rule covers."""
    if isinstance(value, dict):
        return [shape(each) for each in value.values()]
    return ["list", *map(shape, value)] if isinstance(value, list) else None


def counted(value: Any) -> int:
    """Every value and key."""
    if isinstance(value, dict):
        return 1 + len(value) + sum(map(counted, value.values()))
    return 1 + sum(map(counted, value)) if isinstance(value, list) else 1


def spelled(value: Any) -> str:
    return repr(value)


@settings(max_examples=4 * EXAMPLES, deadline=None)
@given(rules(), values, st.sampled_from(["", "metadata", "a.b", "ssn", "x.0"]))
def test_doing_it_again_changes_nothing(chosen: list[Rule], value: Any, path: str) -> None:
    made = policy(*chosen)
    before = spelled(value)
    first = made.redact(value, path)
    assert spelled(value) == before
    assert 0 <= first.count <= counted(value)
    assert bool(first.count) == bool(first.matches)
    assert len(set(first.matches)) == len(first.matches)
    again = made.redact(first.value, path)
    assert again.value is first.value
    assert (again.count, again.matches) == (0, [])
    if not first.count:
        assert first.value is value
    if not any(rule.fields for rule in chosen):
        assert shape(first.value) == shape(value)


@settings(max_examples=2 * EXAMPLES, deadline=None)
@given(rules(), texts)
def test_a_text_is_what_a_value_would_be(chosen: list[Rule], text: str) -> None:
    made = policy(*(rule for rule in chosen if rule.type != "field_redact"))
    redacted = made.redact_text(text)
    assert made.redact([text]).value == [redacted]
    assert bool(made.matches(text)) == (redacted != text)
    assert made.redact_text(redacted) == redacted
    assert made.matches(redacted) == []


@st.composite
def cards(draw: st.DrawFn) -> list[str]:
    start, size = draw(st.sampled_from([("4", 16), ("51", 16), ("34", 15), ("36", 14), ("3530", 16), ("6011", 16)]))
    body = start + draw(st.text("0123456789", min_size=size - 1 - len(start), max_size=size - 1 - len(start)))
    number = body + luhn_digit(body)
    separator = draw(st.sampled_from(["", "-", " "]))
    ends = [4, 10, size] if size < 16 else [4, 8, 12, 16]
    groups = [number[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    return [separator.join(groups), number]


@st.composite
def ssns(draw: st.DrawFn) -> list[str]:
    area = draw(st.integers(1, 899).filter(lambda area: area != 666))
    group, serial = draw(st.integers(1, 99)), draw(st.integers(1, 9999))
    return [f"{area:03}-{group:02}-{serial:04}"]


letters = string.ascii_letters + string.digits
token68 = st.text(letters + "-._~+/", min_size=24, max_size=60).filter(lambda token: token[-1].isalnum())


@st.composite
def jwts(draw: st.DrawFn) -> list[str]:
    part = st.text(letters + "-_", min_size=4, max_size=30)
    payload = base64.urlsafe_b64encode(draw(st.binary(min_size=3, max_size=20))).decode().rstrip("=")
    return [jwt("eyJ" + payload, draw(part), alg=draw(st.sampled_from(["none", "HS256", "RS256"])), kid=draw(part))]


emails = st.from_regex(r"[a-z0-9]{1,10}([._+-][a-z0-9]{1,8})?@[a-z]{1,10}(-[a-z0-9]{1,5})?\.(com|org|co\.uk|zürich)")
phones = st.one_of(
    st.from_regex(r"\+[1-9][0-9]{9,12}", fullmatch=True),
    st.from_regex(r"\([2-9][0-9]{2}\) [0-9]{3}-[0-9]{4}", fullmatch=True),
    st.from_regex(r"[2-9][0-9]{2}-[0-9]{3}-[0-9]{4}", fullmatch=True),
)
ipv4s = st.tuples(*[st.integers(0, 255)] * 4).map(lambda parts: ".".join(map(str, parts)))
secrets = st.one_of(
    cards(),
    ssns(),
    jwts(),
    token68.map(lambda token: ["Bearer " + token, token]),
    st.text(string.ascii_uppercase + "234567", min_size=16, max_size=16).map(lambda rest: ["AKIA" + rest]),
    emails.map(lambda text: [text.strip()]),
    phones.map(lambda text: [text]),
    ipv4s.map(lambda text: [text]),
)
# Whole words and punctuation, any letters that are not ASCII's, and what results look like.
foreign = st.one_of(
    st.sampled_from(["", " ", "(", ")", ", ", "; ", "= ", '"', "[REDACTED]", "\n", "\x01"]),
    st.text(st.characters(min_codepoint=0x2E80, max_codepoint=0xD7FF), max_size=6),
    st.text(st.characters(min_codepoint=0x1F300, max_codepoint=0x1F9FF), max_size=3),
)
before = st.one_of(foreign, st.sampled_from(["card: ", "tel:", "sha256:", "**** ", "****-****-****-", "x=", "a 1, "]))


def placed(draw: st.DrawFn, value: Any, text: str) -> Any:
    """A value with a text somewhere in it: as a value, as a key, deeper."""
    if isinstance(value, list) and value and draw(st.booleans()):
        place = draw(st.integers(0, len(value) - 1))
        return [placed(draw, each, text) if at == place else each for at, each in enumerate(value)]
    if isinstance(value, dict) and value and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(value)))
        return {name: placed(draw, each, text) if name == key else each for name, each in value.items()}
    return draw(st.sampled_from([text, [value, text], {"k": value, "s": text}, {text: value}, {"l": [{text: text}]}]))


@st.composite
def hidden(draw: st.DrawFn) -> tuple[Any, list[str]]:
    """A value, and what must be nowhere in it any more."""
    spellings = draw(secrets)
    text = draw(before) + spellings[0] + draw(foreign)
    value = draw(values)
    assume(not any(spelling in spelled(value) for spelling in spellings))
    return placed(draw, value, text), spellings


@settings(max_examples=5 * EXAMPLES, deadline=None)
@given(hidden(), behaviors)
def test_no_secret_survives(sent: tuple[Any, list[str]], behavior: Behavior) -> None:
    value, spellings = sent
    redacted = POLICIES[behavior].redact(value)
    assert redacted.count
    stored = spelled(redacted) + msgspec.json.encode(storable(redacted)).decode()
    for spelling in spellings:
        assert spelling not in stored


def storable(value: Any) -> Any:
    """A value without the halves of characters, which JSON cannot say."""
    if isinstance(value, dict):
        return {storable(key): storable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [storable(each) for each in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return value


@settings(max_examples=EXAMPLES, deadline=None)
@given(secrets, before, foreign)
def test_the_quick_look_misses_nothing(spellings: list[str], start: str, end: str) -> None:
    text = start + spellings[0] + end
    found = POLICIES["replace"].matches(text)
    assert found
    for place in ({"m": text}, [[text]], {text: 1}, {"m": ["x", text, "\ud800"]}, {"m": text, "n": '"\\\n'}):
        assert {rule for _, rule in POLICIES["replace"].redact(place).matches} == set(found)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(texts, max_size=6), st.sampled_from(PATTERNS), behaviors)
def test_a_pattern_finds_among_others_what_it_finds_alone(many: list[str], text: str, behavior: Behavior) -> None:
    made: Policy = policy(pattern(text, behavior))
    assert made.redact(many).value == [made.redact_text(each) for each in many]
    # Keys alone may be numbered, so that no two become one.
    keyed = dict.fromkeys((each for each in many if "[REDACTED 2]" not in each), 0)
    assert made.redact(keyed).count == sum(bool(made.matches(key)) for key in keyed)
