"""Redaction of errors, logs, metrics, transactions, spans and check-ins."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from logserver.core.redaction.telemetry import redact_event
from logserver.store.events import Event, to_row
from logserver.store.ids import pack
from logserver.store.samples import sample_of
from tests.core.redaction.making import builtin, everything, field, pattern, policy
from tests.fakes import START_MS

CARD = "4111111111111111"


def event(kind: str = "error", **values: Any) -> Event:
    return Event(
        type=kind,
        level=values.pop("level", "error"),
        message=values.pop("message", "boom"),
        context=values.pop("context", {"environment": "production"}),
        time=START_MS * 1000,
        received=START_MS,
        uuid=b"0123456789abcdef",
        id=pack(1, START_MS, 0),
        **values,
    )


def test_message_fingerprint_level_and_context_are_redacted() -> None:
    sent = {"environment": "production", "user": {"card": CARD}}
    one = event(message=f"charged {CARD}", fingerprint=CARD, level=CARD, context=sent)
    matches = redact_event(policy(builtin("credit_card")), one)
    assert matches == [
        ("message", "builtin_credit_card"),
        ("fingerprint", "builtin_credit_card"),
        ("level", "builtin_credit_card"),
        ("context.user.card", "builtin_credit_card"),
    ]
    assert (one.message, one.fingerprint, one.level) == ("charged [REDACTED]", "[REDACTED]", "[REDACTED]")
    assert one.context == {
        "environment": "production",
        "user": {"card": "[REDACTED]"},
        "redactions": [{"field": path, "rule_id": rule} for path, rule in matches],
    }
    assert (one.type, one.uuid) == ("error", b"0123456789abcdef")
    assert sent == {"environment": "production", "user": {"card": CARD}}
    assert CARD not in str(to_row(one))


def test_an_event_with_nothing_to_hide_stays_as_it_was() -> None:
    context = {"environment": "production", "n": 1}
    one = event(context=context)
    assert redact_event(everything(), one) == []
    assert one.context is context
    assert one == event(context={"environment": "production", "n": 1})


def test_fields_are_named_from_the_event() -> None:
    made = policy(field("context.user.email", "message", "*.password"))
    one = event(context={"user": {"email": "x"}, "password": 1, "email": "y"})
    redact_event(made, one)
    assert one.message == "[REDACTED]"
    assert one.context["user"] == {"email": "[REDACTED]"}
    assert (one.context["password"], one.context["email"]) == ("[REDACTED]", "y")


def span(**context: Any) -> Event:
    return event("span", level="info", context={"trace_id": "a" * 32, "span_id": "b" * 16, **context})


def test_ids_of_spans_stay_strings_that_tell_spans_apart() -> None:
    made = policy(pattern("[0-9a-z_]+"), field("context.span_id"), field("*", rule_id="2"))
    one, other = span(parent_span_id="c" * 16), span(span_id="c" * 16)
    for each in (one, other):
        assert redact_event(made, each)
        assert all(isinstance(each.context[name], str) for name in ("trace_id", "span_id"))
        assert "bbb" not in str(each)
        assert "ccc" not in str(each)
    assert one.context["trace_id"] == other.context["trace_id"]
    assert one.context["span_id"] != other.context["span_id"]
    assert one.context["parent_span_id"] == other.context["span_id"]
    before = dict(one.context)
    redact_event(made, one)
    assert [one.context[name] for name in ("trace_id", "span_id")] == [before["trace_id"], before["span_id"]]


def test_an_id_is_no_place_to_hide_a_card_in() -> None:
    one = span(span_id=f"sha256:{CARD}")
    assert redact_event(policy(builtin("credit_card")), one) == [("context.span_id", "builtin_credit_card")]
    assert CARD not in str(one)


def test_what_is_counted_keeps_its_name() -> None:
    made = policy(pattern("[a-z_]+"))
    one = event("metric", context={"environment": "production", "value": 3.5, "unit": "ms", "mine": 1})
    redact_event(made, one)
    sample = sample_of(one)
    assert sample is not None
    assert sample.value == 3.5
    assert "mine" not in one.context
    assert one.environment() == "[REDACTED]"


def test_a_context_is_never_replaced_as_a_whole() -> None:
    one = event(context={"environment": "production", "http": {"status_code": 500, "url": "/x"}, "more": {"a": 1}})
    redact_event(policy(field("context")), one)
    assert one.context["environment"] == "[REDACTED]"
    assert one.context["more"] == "[REDACTED]"


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.text(max_size=10), st.just(CARD)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)
names = st.sampled_from(["environment", "trace_id", "span_id", "redactions", "exception", "x"])


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(names, json_values),
    st.text(max_size=20),
    st.sampled_from([r"\S+", r"\d", "[a-z]+"]),
)
def test_any_event_can_be_stored_afterwards(context: dict[str, Any], message: str, expression: str) -> None:
    one = event("span", context={**context, "trace_id": CARD, "span_id": "b" * 16}, message=message)
    redact_event(everything("replace", pattern(expression), field("context.*.*")), one)
    assert CARD not in str(to_row(one))
    assert isinstance(one.context["trace_id"], str)
    assert isinstance(one.context["span_id"], str)
