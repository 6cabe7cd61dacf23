"""The paths of the LuminaLog contract, declared once."""

from typing import Any

from logserver.api.endpoint import Answer, Auth, Endpoint, Example, Parameter, Tag
from logserver.api.handler import Dialect, Terms
from logserver.api.hot import Hot
from logserver.api.resources import Resources
from logserver.api.rules import Rules
from logserver.contracts.luminalog import bounds, wire
from logserver.contracts.luminalog.handlers import SENDERS, Handlers, Options
from logserver.contracts.luminalog.refusals import Notes, refuse

PREFIX = "/v1/"
"""Where unmatched requests are answered in this contract's dialect."""

LOGS = Tag("LuminaLog: logs", "Batches of log lines.")

_ENTRIES = [
    {
        "timestamp": "2026-01-26T14:30:00.000Z",
        "level": "info",
        "message": "User logged in",
        "environment": "production",
        "metadata": {"user_id": "user-789", "method": "google-oauth"},
    },
    {
        "timestamp": "2026-01-26T14:30:05.000Z",
        "level": "error",
        "message": "Payment failed",
        "environment": "production",
        "error": {
            "type": "PaymentError",
            "message": "Insufficient funds",
            "stack_trace": ["at processPayment (payment.ts:45)", "at checkout (checkout.ts:120)"],
        },
        "metadata": {"order_id": "ORD-12345", "amount": 99.99},
    },
]
_REFUSALS: dict[int, Any] = {
    400: Answer(wire.Refused, "The body, or an entry, breaks a rule; nothing was stored."),
    401: Answer(wire.Error, "No key, or none that is valid."),
    403: Answer(wire.Error, "It came by plain HTTP, and only HTTPS is taken."),
    408: Answer(wire.Error, "The body did not arrive in time."),
    429: Answer(wire.Error, "The key's rate limit, or its project's quota of the month; the message says which."),
    503: Answer(wire.Error, "The store cannot take it now; nothing was stored."),
}


def endpoints(resources: Resources, options: Options) -> list[Endpoint]:
    """The declarations of the contract over a server's resources."""
    handlers = Handlers(resources, options)
    terms = Terms(
        Dialect(refuse, Notes(resources.observer).refused),
        resources.gate,
        resources.database,
        resources.body_seconds,
    )
    rules = Rules(
        SENDERS,
        bounds.BODY_BYTES,
        "body_bytes",
        demands=handlers.require_https,
        admitted=handlers.count,
        body_secrets=handlers.keys,
        stores=True,
    )
    return [
        Endpoint(
            method="POST",
            path="/v1/logs",
            name="ingest_logs",
            tag=LOGS,
            summary="Send up to 1,000 log entries, all or none",
            description="The key may stand in the body as `api_key` where no header has it. An entry with an `error`"
            " is an error: it is grouped with those that have the same fingerprint or, without one, the same type,"
            " message (but for numbers and ids) and top stack frame. `panic` is stored as `fatal`. A body may have"
            f" {bounds.BODY_BYTES // bounds.KB // bounds.KB} MB, also unpacked where it is sent with gzip.",
            handler=Hot(handlers.ingest, rules, terms),
            auth=Auth.PROJECT_TOKEN,
            takes=wire.Body,
            gives={200: Answer(wire.Ingested, "Stored, as a whole.")},
            errors=_REFUSALS,
            rate_limited=True,
            parameters=(Parameter("Content-Encoding", str, "`gzip`, or nothing.", where="header"),),
            examples={
                "two entries": {"logs": _ENTRIES},
                "a level that is none": Example({"logs": [_ENTRIES[0] | {"level": "loud"}]}, status=400),
                "no entries": Example({"logs": []}, status=400),
            },
        )
    ]
