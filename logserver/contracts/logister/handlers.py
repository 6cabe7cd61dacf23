"""What each Logister endpoint does: decode, call, encode."""

from logserver.api.exchange import Exchange, unpacked
from logserver.api.hot import Reply
from logserver.api.services import Services
from logserver.contracts.logister import batch, bounds, check_ins, deployments, events, mobile
from logserver.contracts.logister.events import Reading, Receipt
from logserver.contracts.logister.fields import decode, enveloped, read_fields
from logserver.contracts.logister.refusals import Unprocessable
from logserver.contracts.logister.wire import Accepted, MobileTokenFields
from logserver.core import deployments as core_deployments
from logserver.core import intake
from logserver.core.faults import Conflict, Forbidden, Invalid, UnsupportedType
from logserver.core.projects import Project
from logserver.core.tokens import Credential
from logserver.store.ids import LOCAL_MASK

SENDERS = frozenset({"project", "mobile"})
"""Kinds of credential that may send events and check-ins."""


class Handlers:
    """The handlers of the contract, over one server's services."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def ingest_event(self, exchange: Exchange) -> Reply:
        """POST /api/v1/ingest_events: one event of any type."""
        credential = await self._enter(exchange, "ingest_events")
        raw = await self._body(exchange)
        reading = events.read_body(raw, receipt=self._receipt(credential))
        (receipt,) = await self._accept(credential, [reading], len(raw))
        return Reply(
            200 if receipt.duplicate else 201,
            Accepted(
                receipt.public_id,
                receipt.id & LOCAL_MASK,
                type="span" if reading.event.type == "span" else None,
                duplicate=True if receipt.duplicate else None,
            ),
        )

    async def ingest_batch(self, exchange: Exchange) -> Reply:
        """POST /api/v1/ingest_events/batch: up to 100 events, all or none."""
        credential = await self._services.gate.credential(exchange, kinds=SENDERS)
        media_type = exchange.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if media_type not in batch.MEDIA_TYPES:
            raise UnsupportedType("a batch is application/x-ndjson", "unsupported_content_type")
        raw = await exchange.body(limit=batch.WIRE_BYTES, seconds=self._services.body_seconds, code="compressed_bytes")
        raw = _plain(exchange, raw, batch.UNPACKED_BYTES)
        envelopes = batch.split(raw)
        # A batch larger than what is left of the window is refused whole, so it is counted before it is read.
        self._services.gate.take(exchange, credential, "ingest_events/batch", cost=len(envelopes))
        name = batch.batch_id(exchange.headers.get(b"x-logister-batch-id"))
        readings = batch.read(envelopes, name=name, receipt=self._receipt(credential))
        try:
            receipts = await self._accept(credential, readings, len(raw))
        except Conflict as conflict:
            raise batch.rejected(name, {conflict.index: [str(conflict)]}, len(readings)) from None
        return Reply(202, batch.accepted(name, readings, receipts))

    async def check_in(self, exchange: Exchange) -> Reply:
        """POST /api/v1/check_ins: a run of scheduled work."""
        credential = await self._enter(exchange, "check_ins")
        raw = await self._body(exchange)
        reading = check_ins.read(decode(raw), size=len(raw), receipt=self._receipt(credential))
        (receipt,) = await self._accept(credential, [reading], len(raw))
        if receipt.duplicate:
            return Reply(200, Accepted(receipt.public_id, duplicate=True))
        return Reply(201, Accepted(receipt.public_id))

    async def record_deployment(self, exchange: Exchange) -> Reply:
        """POST /api/v1/deployments: a release and where it went."""
        credential = await self._enter(exchange, "deployments")
        _server_only(credential)
        raw = await self._body(exchange)
        deployment = deployments.read(
            decode(raw),
            size=len(raw),
            received_ms=self._services.clock.now_ms(),
            environment=self._services.environment,
        )
        recorded = await self._services.database.write(
            core_deployments.record, _project(credential).number, deployment, rows=1, size=len(raw)
        )
        return Reply(201, Accepted(recorded.uuid, recorded.number))

    async def mint_mobile_token(self, exchange: Exchange) -> Reply:
        """POST /api/v1/mobile_ingest_tokens: a short-lived token for one app."""
        credential = await self._enter(exchange, "mobile_ingest_tokens")
        _server_only(credential)
        sent = enveloped(decode(await self._body(exchange)), "mobile_ingest_token")
        fields, _, problems = read_fields(sent, MobileTokenFields)
        binding, seconds, errors = mobile.read(fields, problems)
        if errors:
            raise Unprocessable(errors)
        now = self._services.clock.now_ms()
        issued = await self._services.database.write(mobile.issue, _project(credential), binding, seconds, now)
        return Reply(201, issued)

    async def _enter(self, exchange: Exchange, endpoint: str) -> Credential:
        credential = await self._services.gate.credential(exchange, kinds=SENDERS)
        self._services.gate.take(exchange, credential, endpoint)
        return credential

    async def _body(self, exchange: Exchange) -> bytes:
        raw = await exchange.body(limit=bounds.BODY_BYTES, seconds=self._services.body_seconds)
        return _plain(exchange, raw, bounds.BODY_BYTES)

    def _receipt(self, credential: Credential) -> Receipt:
        return Receipt(self._services.clock.now_ms(), self._services.environment, mobile.binding_of(credential))

    async def _accept(self, credential: Credential, readings: list[Reading], size: int) -> list[intake.Receipt]:
        moves = {index: reading.check_in for index, reading in enumerate(readings) if reading.check_in is not None}
        return await self._services.intake.accept(
            _project(credential), [reading.event for reading in readings], size=size, check_ins=moves
        )


def _project(credential: Credential) -> Project:
    if credential.project is None:
        raise Invalid([("project", "is not known from this credential")])
    return credential.project


def _server_only(credential: Credential) -> None:
    if credential.kind == "mobile":
        raise Forbidden("Forbidden")


def _plain(exchange: Exchange, raw: bytes, limit: int) -> bytes:
    """A body without its content encoding."""
    encoding = exchange.headers.get(b"content-encoding")
    if encoding is None or encoding.lower() == b"identity":
        return raw
    if encoding.lower() not in {b"gzip", b"x-gzip"}:
        raise UnsupportedType("a body is sent plain or with gzip", "unsupported_encoding")
    exchange.raw = unpacked(raw, limit=limit)
    return exchange.raw
