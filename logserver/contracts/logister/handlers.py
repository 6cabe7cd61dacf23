"""What each Logister endpoint does: from a request to the writer's work, and from its outcome to the answer."""

from typing import Any

from msgspec.structs import astuple

from logserver.api.bodies import body_of, decode
from logserver.api.handler import Reply
from logserver.api.hot import Work
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.contracts.logister import batch, bounds, check_ins, deployments, events, mobile
from logserver.contracts.logister.events import Reading, Receipt
from logserver.contracts.logister.fields import enveloped, read_fields
from logserver.contracts.logister.mobile import Binding
from logserver.contracts.logister.refusals import BatchMalformed, Unprocessable
from logserver.contracts.logister.wire import ACCEPTED, Accepted, CheckInAccepted, MobileToken, MobileTokenFields
from logserver.core import deployments as core_deployments
from logserver.core import intake
from logserver.core.deployments import Deployment, Recorded
from logserver.core.faults import Conflict, Forbidden, Malformed, Unauthorized, UnsupportedType
from logserver.core.projects import Project
from logserver.core.tokens import Credential
from logserver.store.ids import LOCAL_MASK
from logserver.store.tx import Tx

DIALECT = "logister"
SENDERS = frozenset({"project", "mobile"})
"""Kinds of credential that may send events and check-ins."""


class Handlers:
    """The handlers of the contract, over one server's resources."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._gate = resources.gate

    def ingest_event(self, request: Request) -> Work:
        """POST /api/v1/ingest_events: one event of any type."""
        self._gate.take(request, "ingest_events")
        credential = _sender(request)
        raw = body_of(request, bounds.BODY_BYTES)
        reading = events.read_body(raw, receipt=self._receipt(credential))
        is_span = reading.event.type == "span"

        def finish(receipts: list[intake.Receipt]) -> Reply:
            event_id, public_id, duplicate = receipts[0]
            payload = Accepted(
                public_id, event_id & LOCAL_MASK, ACCEPTED, "span" if is_span else None, True if duplicate else None
            )
            return Reply(200 if duplicate else 201, payload)

        return self._store(credential, [reading], len(raw), finish)

    def ingest_batch(self, request: Request) -> Work:
        """POST /api/v1/ingest_events/batch: up to 100 events, all or none."""
        credential = _sender(request)
        media_type = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if media_type not in batch.MEDIA_TYPES:
            raise UnsupportedType("a batch is application/x-ndjson", "unsupported_content_type")
        self._gate.require_room(request, "ingest_events/batch")
        try:
            raw = body_of(request, batch.UNPACKED_BYTES)
            envelopes = batch.split(raw)
        except Malformed as fault:
            raise BatchMalformed(str(fault), fault.code) from None
        # A batch larger than what is left of the window is refused whole, so it is counted before it is read.
        self._gate.take(request, "ingest_events/batch", cost=len(envelopes))
        name = batch.batch_id(request.headers.get(b"x-logister-batch-id"))
        readings = batch.read(envelopes, name=name, receipt=self._receipt(credential))

        def finish(receipts: list[intake.Receipt]) -> Reply:
            return Reply(202, batch.accepted(name, readings, receipts))

        def explain(error: Exception) -> Exception:
            if isinstance(error, Conflict):
                return batch.rejected(name, {error.index: [str(error)]}, len(readings))
            return error

        return self._store(credential, readings, len(raw), finish)._replace(explain=explain)

    def check_in(self, request: Request) -> Work:
        """POST /api/v1/check_ins: a run of scheduled work."""
        self._gate.take(request, "check_ins")
        credential = _sender(request)
        raw = body_of(request, bounds.BODY_BYTES)
        reading = check_ins.read(decode(raw), size=len(raw), receipt=self._receipt(credential))

        def finish(receipts: list[intake.Receipt]) -> Reply:
            receipt = receipts[0]
            if receipt.duplicate:
                return Reply(200, CheckInAccepted(receipt.public_id, ACCEPTED, duplicate=True))
            return Reply(201, CheckInAccepted(receipt.public_id, ACCEPTED))

        return self._store(credential, [reading], len(raw), finish)

    def record_deployment(self, request: Request) -> Work:
        """POST /api/v1/deployments: a release and where it went."""
        self._gate.take(request, "deployments")
        project = _server_token(request)
        raw = body_of(request, bounds.BODY_BYTES)
        deployment = deployments.read(decode(raw), size=len(raw), environment=self._resources.environment)
        now = self._resources.clock.now_ms()

        def finish(recorded: Recorded) -> Reply:
            return Reply(201, Accepted(recorded.uuid, recorded.number, ACCEPTED))

        return Work(self._record, (project, deployment, now), 1, len(raw), finish)

    def _record(self, tx: Tx, project: Project, deployment: Deployment, now_ms: int) -> Recorded:
        if _covers(project):
            deployment = core_deployments.redacted(self._resources.policies.of(tx, project.number), deployment)
        return core_deployments.record(tx, project.number, deployment, now_ms)

    def mint_mobile_token(self, request: Request) -> Work:
        """POST /api/v1/mobile_ingest_tokens: a short-lived token for one app."""
        self._gate.take(request, "mobile_ingest_tokens")
        project = _server_token(request)
        sent = enveloped(decode(body_of(request, bounds.BODY_BYTES)), "mobile_ingest_token")
        fields, rest, problems = read_fields(sent, MobileTokenFields)
        bounds.measure(rest)
        bounds.check_strings(astuple(fields))
        binding, seconds, errors = mobile.read(fields, problems, discreet=_covers(project))
        if errors:
            raise Unprocessable(errors)
        now = self._resources.clock.now_ms()

        def finish(issued: Any) -> Reply:
            return Reply(201, issued)

        return Work(self._issue, (project, binding, seconds, now), 0, 0, finish)

    def _issue(self, tx: Tx, project: Project, binding: Binding, seconds: int, now_ms: int) -> MobileToken:
        if _covers(project):
            mobile.require_plain(self._resources.policies.of(tx, project.number), binding)
        return mobile.issue(tx, project, binding, seconds, now_ms)

    def _receipt(self, credential: Credential) -> Receipt:
        return Receipt(
            self._resources.clock.now_ms(),
            self._resources.environment,
            mobile.binding_of(credential),
            discreet=_covers(_project(credential)),
        )

    def _store(self, credential: Credential, readings: list[Reading], size: int, finish: Any) -> Work:
        moves = {index: reading.check_in for index, reading in enumerate(readings) if reading.check_in is not None}
        incoming = [reading.event for reading in readings]
        function, arguments = self._resources.intake.plan(_project(credential), incoming, moves, dialect=DIALECT)
        return Work(function, arguments, len(incoming), size, finish)


def _sender(request: Request) -> Credential:
    if request.credential is None:
        raise Unauthorized("Unauthorized")
    return request.credential


def _project(credential: Credential) -> Project:
    if credential.project is None:
        raise Unauthorized("Unauthorized")
    return credential.project


def _covers(project: Project) -> bool:
    """Whether the project's rules of redaction run on what is sent in this dialect."""
    return DIALECT in project.redact_dialects


def _server_token(request: Request) -> Project:
    """The project of a token that may do more than send: not a mobile one."""
    credential = _sender(request)
    if credential.kind == "mobile":
        raise Forbidden("Forbidden")
    return _project(credential)
