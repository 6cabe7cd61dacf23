"""Which errors are one, and that they stand in the inbox with all others."""

from typing import Any

import pytest

from logserver.core.errors import groups
from tests.contracts.luminalog.sending import entry, raw, send
from tests.serving import Sender, Server

USER = "550e8400e29b41d4a716446655440000"
STACK = ["at pay (payment.ts:45)", "at checkout (checkout.ts:120)"]


def failure(message: Any = "order 4711 has no amount", **error: Any) -> dict[str, Any]:
    usual = {"type": "PaymentError", "message": message, "stack_trace": STACK}
    payload = {name: value for name, value in (usual | error).items() if value is not ...}
    return entry(level="error", message="Payment failed", error=payload)


def groups_of(server: Server, sender: Sender, *entries: Any) -> list[Any]:
    assert send(server, raw(*entries), sender.token).status_code == 200
    return [event.error_group for event in server.events(sender.project)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (failure(), failure(), True),
        (failure("order 4711 has no amount"), failure("order 12 has no amount"), True),
        (failure(f"user {USER}"), failure(f"user {USER[::-1]}"), True),
        (failure("order ORD-12345 is lost"), failure("order ORD-9 is lost"), True),
        (failure("order is lost"), failure("order is late"), False),
        (failure("S3 failed"), failure("EC2 failed"), False),
        (failure(type="PaymentError"), failure(type="OtherError"), False),
        (failure(type="PaymentError"), failure(type=...), False),
        (failure(), failure(stack_trace=["at refund (payment.ts:45)", *STACK]), False),
        (failure(), failure(stack_trace=[STACK[0], "at another (place.ts:1)"]), True),
        (failure(), failure(stack_trace="\n".join(STACK)), True),
        (failure(), failure(stack_trace=["PaymentError: order 1 has no amount", *STACK]), True),
        (failure(), failure(context={"a": 1}), True),
        (failure(fingerprint="f"), failure("another", type="E", fingerprint="f", stack_trace=...), True),
        (failure(fingerprint="f"), failure(fingerprint="g"), False),
        (failure(fingerprint="f"), failure(), False),
        (failure(fingerprint=""), failure(), True),
        (failure(message=...), failure(message=...), True),
        (failure(message=...), failure("Payment failed"), True),
    ],
)  # fmt: skip
def test_what_belongs_together(server: Server, sender: Sender, one: Any, other: Any, same: bool) -> None:  # noqa: FBT001 - a column of the table
    first, second = groups_of(server, sender, one, other)
    assert None not in {first, second}
    assert (first == second) is same


def test_errors_that_say_nothing_are_each_alone(server: Server, sender: Sender) -> None:
    first, second = groups_of(server, sender, *[entry(message=" ", error={})] * 2)
    assert first != second


@pytest.mark.parametrize(
    ("message", "error", "title", "subtitle"),
    [
        ("Payment failed", {"type": "PaymentError", "message": "no funds"}, "Payment failed", "PaymentError"),
        ("", {"type": "PaymentError", "message": "\nno funds\nat all"}, "no funds", "PaymentError"),
        ("", {"type": "PaymentError"}, "PaymentError", "PaymentError"),
        ("", {}, "(no message)", None),
    ],
)
def test_a_group_has_a_title(server: Server, *, message: str, error: Any, title: str, subtitle: str | None) -> None:
    groups_of(server, server.sender(), entry(message=message, error=error))
    assert server.rows("SELECT title, subtitle, rule FROM error_groups") == [(title, subtitle, groups.MASKED_RULE)]


def test_a_log_of_level_error_is_no_error(server: Server, sender: Sender) -> None:
    assert groups_of(server, sender, entry(level="fatal"), entry(level="error", metadata={"exception": {}})) == [
        None,
        None,
    ]


def test_a_fingerprint_means_the_same_in_every_contract(server: Server, sender: Sender) -> None:
    groups_of(server, sender, failure(fingerprint="payments"))
    body = {"event": {"event_type": "error", "message": "no funds", "fingerprint": "payments"}}
    assert server.post("/api/v1/ingest_events", body, sender.token).status_code == 201
    assert server.rows("SELECT n, rule FROM error_groups") == [(2, groups.RULE)]


def test_groups_of_the_other_rule_stay_as_they_are(server: Server, sender: Sender) -> None:
    body = {"event": {"event_type": "error", "message": "order 1 is lost"}}
    assert server.post("/api/v1/ingest_events", body, sender.token).status_code == 201
    groups_of(server, sender, entry(message="order 1 is lost", error={}), entry(message="order 2 is lost", error={}))
    assert server.rows("SELECT title, n, rule FROM error_groups ORDER BY rule") == [
        ("order 1 is lost", 1, groups.RULE),
        ("order 1 is lost", 2, groups.MASKED_RULE),
    ]


def test_a_new_group_rings_as_any_other(server: Server, sender: Sender) -> None:
    groups_of(server, sender, failure(), failure())
    assert server.rows("SELECT rule, event_count FROM alerts") == [("builtin_error_group_new", 1)]
