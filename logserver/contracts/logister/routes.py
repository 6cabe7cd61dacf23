"""The paths of the Logister contract, declared once."""

from typing import Any

from logserver.api.endpoint import NDJSON, Answer, Auth, Endpoint, Example, Parameter, Tag
from logserver.api.handler import Dialect, Terms
from logserver.api.hot import Hot
from logserver.api.resources import Resources
from logserver.api.rules import Rules
from logserver.contracts.logister import batch, bounds, wire
from logserver.contracts.logister.handlers import SENDERS, Handlers
from logserver.contracts.logister.refusals import Notes, refuse

PREFIXES = ("/api/v1/ingest_events", "/api/v1/check_ins", "/api/v1/deployments", "/api/v1/mobile_ingest_tokens")
"""Where unmatched requests are answered in this contract's dialect."""

EVENTS = Tag("Logister: events", "Errors, logs, metrics, transactions, spans and check-ins of applications.")
RELEASES = Tag("Logister: deployments and tokens", "Marks of releases, and short-lived tokens for mobile apps.")

_EVENT_RULES = Rules(SENDERS, bounds.BODY_BYTES, "body_bytes", stores=True)
_BATCH_RULES = Rules(SENDERS, batch.WIRE_BYTES, "compressed_bytes", stores=True)
_AT = "2026-02-14T12:00:00Z"
_TRACE = {"trace_id": "trace-123", "span_id": "span-root"}
_REFUSALS: dict[int, Any] = {
    400: Answer(wire.Error, "The body or its envelope cannot be read."),
    401: Answer(wire.Error, "No token, or none that is valid: unknown, revoked, or of an archived project."),
    403: Answer(wire.Error, "A mobile token may not do this."),
    408: Answer(wire.Error, "The body did not arrive in time."),
    413: Answer(wire.SizeError, "A size exceeds its limit."),
    415: Answer(wire.CodedError, "The content type or encoding is not read here."),
    422: Answer(wire.Errors, "Every rule that the values break."),
    429: Answer(wire.RateLimited, "The token has used up its window, or the address has failed too often."),
    503: Answer(wire.Error, "The store cannot take it now; nothing was stored."),
}


def _event(**fields: Any) -> dict[str, Any]:
    return {"event": {"occurred_at": _AT, **fields}}


_ERROR = _event(
    event_type="error",
    level="error",
    message="NoMethodError in CheckoutService",
    fingerprint="checkout-nomethoderror",
    context={
        "environment": "production",
        "request_id": "abc123",
        "request": {"method": "POST", "url": "https://app.example.com/checkout", "route": "POST /checkout"},
    },
)
_LOG = _event(
    event_type="log", level="info", message="Application booted", context={"service": "checkout", "user_id": 42}
)
_METRIC = _event(event_type="metric", message="queue.depth", context={"value": 42, "unit": "jobs"})
_TRANSACTION = _event(
    event_type="transaction",
    message="POST /checkout",
    transaction_name="POST /checkout",
    duration_ms=182.4,
    context={"status_code": 200, "release": "2026.03.02"},
)
_SPAN = _event(
    event_type="span",
    name="GET /checkout",
    kind="server",
    duration_ms=245.7,
    started_at=_AT,
    **_TRACE,
    context={"route": "GET /checkout", "service": "checkout-api"},
)
_CHECK_IN_EVENT = _event(
    event_type="check_in", message="nightly-reconcile", check_in_slug="nightly-reconcile", check_in_status="ok"
)
_FRESH_SPAN = Example(_SPAN, fresh=("span_id",))
_CHECK_IN = {
    "check_in": {
        "slug": "nightly-reconcile",
        "status": "ok",
        "expected_interval_seconds": 900,
        "environment": "production",
        "release": "2026.03.02",
    }
}
_DEPLOYMENT = {
    "deployment": {
        "release": "checkout@2026.06.18",
        "environment": "production",
        "repository": "acme/checkout",
        "commit_sha": "4f8c2d1a9b7e6c5d4a3b2c1d0e9f8a7b6c5d4e3f",
        "branch": "main",
    }
}
_MOBILE = {
    "mobile_ingest_token": {
        "platform": "android",
        "service": "shop-app",
        "environment": "production",
        "release": "1.4.0+42",
        "expires_in_seconds": 900,
    }
}


def endpoints(resources: Resources) -> list[Endpoint]:
    """The declarations of the contract over a server's resources."""
    handlers = Handlers(resources)
    dialect = Dialect(refuse, Notes(resources.observer).refused)
    terms = Terms(dialect, resources.gate, resources.database, resources.body_seconds)

    def hot(prepare: Any, rules: Rules = _EVENT_RULES) -> Hot:
        return Hot(prepare, rules, terms)

    return [
        Endpoint(
            method="POST",
            path="/api/v1/ingest_events",
            name="ingest_event",
            tag=EVENTS,
            summary="Send one event",
            description="An error, log, metric, transaction, span or check-in. Keys may be camelCase, UPPER or kebab"
            " as well, and the root may be `EVENT`. A `uuid` (or `event_id`) makes a retry harmless: the second time"
            " the answer is 200 with `duplicate`, and nothing new is stored.",
            handler=hot(handlers.ingest_event),
            auth=Auth.PROJECT_TOKEN | Auth.MOBILE_TOKEN,
            takes=wire.EventEnvelope,
            gives={
                201: Answer(wire.Accepted, "Stored."),
                200: Answer(wire.Accepted, "Stored before, under the same identity."),
            },
            errors=_REFUSALS,
            rate_limited=True,
            examples={
                "error": _ERROR,
                "log": _LOG,
                "metric": _METRIC,
                "transaction": _TRANSACTION,
                "span": _FRESH_SPAN,
                "check-in": _CHECK_IN_EVENT,
                "with a uuid": Example(
                    {"event": {"uuid": "0190b3a4-9c3e-4e6f-8a2b-3c4d5e6f7a8b", **_LOG["event"]}}, fresh=("uuid",)
                ),
                "no envelope": Example({}, status=400),
                "no JSON": Example(b'{"event": ', status=400),
                "nothing required": Example({"event": {"level": "info"}}, status=422),
            },
        ),
        Endpoint(
            method="POST",
            path="/api/v1/ingest_events/batch",
            name="ingest_event_batch",
            tag=EVENTS,
            summary="Send up to 100 events, all or none",
            description="One envelope a line, plain or with gzip, each with a `uuid` or `event_id`. One that breaks a"
            " rule refuses the batch. The rate limit counts envelopes.",
            handler=hot(handlers.ingest_batch, _BATCH_RULES),
            auth=Auth.PROJECT_TOKEN | Auth.MOBILE_TOKEN,
            takes=wire.EventEnvelope,
            media=NDJSON,
            gives={202: Answer(wire.BatchAnswer, "Stored, as a whole.")},
            errors=_REFUSALS
            | {
                400: Answer(wire.CodedError, "The batch, a line or an envelope cannot be read."),
                422: Answer(wire.BatchAnswer, "An envelope breaks a rule; nothing was stored."),
            },
            rate_limited=True,
            parameters=(
                Parameter("X-Logister-Batch-Id", str, "The sender's name for the batch.", where="header"),
                Parameter("Content-Encoding", str, "`gzip`, or nothing.", where="header"),
            ),
            examples={
                "two logs": Example(
                    [
                        {"event": {"uuid": "0190b3a4-9c3e-4e6f-8a2b-3c4d5e6f7a90", **_LOG["event"]}},
                        {"event": {"uuid": "0190b3a4-9c3e-4e6f-8a2b-3c4d5e6f7a91", **_ERROR["event"]}},
                    ],
                    fresh=("uuid",),
                ),
                "without an identity": Example([_LOG], status=400),
                "wrong type": Example([_LOG], status=415, media="application/json"),
            },
        ),
        Endpoint(
            method="POST",
            path="/api/v1/check_ins",
            name="check_in",
            tag=EVENTS,
            summary="Report a run of scheduled work",
            description="Moves the monitor of its slug and environment; the root may be `CHECK_IN`.",
            handler=hot(handlers.check_in),
            auth=Auth.PROJECT_TOKEN | Auth.MOBILE_TOKEN,
            takes=wire.CheckInEnvelope,
            gives={201: Answer(wire.CheckInAccepted, "Stored."), 200: Answer(wire.CheckInAccepted, "Stored before.")},
            errors=_REFUSALS,
            rate_limited=True,
            examples={"check-in": _CHECK_IN, "without a slug": Example({"check_in": {"status": "ok"}}, status=422)},
        ),
        Endpoint(
            method="POST",
            path="/api/v1/deployments",
            name="record_deployment",
            tag=RELEASES,
            summary="Record a deployment",
            description="The same release, repository, environment and time again is the same deployment.",
            handler=hot(handlers.record_deployment),
            auth=Auth.PROJECT_TOKEN,
            takes=wire.DeploymentEnvelope,
            gives={201: Answer(wire.Accepted, "Recorded.")},
            errors=_REFUSALS,
            rate_limited=True,
            examples={
                "deployment": _DEPLOYMENT,
                "nothing required": Example({"deployment": {"branch": "main"}}, status=422),
            },
        ),
        Endpoint(
            method="POST",
            path="/api/v1/mobile_ingest_tokens",
            name="mint_mobile_ingest_token",
            tag=RELEASES,
            summary="Make a short-lived token for a mobile app",
            description="It may send events and check-ins only, and everything sent with it carries what it is bound"
            " to. Lives 60 to 3,600 seconds.",
            handler=hot(handlers.mint_mobile_token, _EVENT_RULES._replace(stores=False)),
            auth=Auth.PROJECT_TOKEN,
            takes=wire.MobileTokenEnvelope,
            gives={201: Answer(wire.MobileToken, "Shown this once.")},
            errors=_REFUSALS,
            rate_limited=True,
            examples={
                "android": _MOBILE,
                "no platform": Example({"mobile_ingest_token": {"service": "shop-app"}}, status=422),
            },
        ),
    ]
