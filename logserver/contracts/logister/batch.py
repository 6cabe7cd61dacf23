"""Batches: one envelope a line, taken as a whole or not at all."""

import re
import secrets

from logserver.contracts.logister.envelopes import Draft, open_envelope
from logserver.contracts.logister.events import Reading, Receipt, translate
from logserver.contracts.logister.fields import is_blank, read_uuid
from logserver.contracts.logister.refusals import BatchRejected, Unprocessable
from logserver.contracts.logister.wire import BatchAnswer, BatchResult
from logserver.core import intake
from logserver.core.faults import Malformed, TooLarge
from logserver.store.ids import LOCAL_MASK

MEDIA_TYPES = (b"application/x-ndjson", b"application/ndjson")
MOST_EVENTS = 100
WIRE_BYTES = 2 * 1024 * 1024
UNPACKED_BYTES = 8 * 1024 * 1024
SCHEMA_VERSION = 1
_LONGEST_ID = 128
_MISREAD = re.compile("(Uuid|Event id) ")
_ROLLED_BACK = "Batch was rolled back because another envelope was invalid"


def batch_id(sent: bytes | None) -> str:
    """The batch's id: the sender's own, cut at 128 characters, or a new one."""
    own = sent.decode("latin-1").strip()[:_LONGEST_ID] if sent is not None else ""
    return own or secrets.token_hex(16)


def split(raw: bytes) -> list[Draft]:
    """The events of a batch, all of the right shape and with an identity each.

    Raises Malformed with the code of the fault and the line it is on, and TooLarge for more than 100.
    """
    lines = [(number, line) for number, line in enumerate(raw.split(b"\n"), 1) if line and not line.isspace()]
    if not lines:
        raise Malformed("a batch holds at least one event", "empty_batch")
    if len(lines) > MOST_EVENTS:
        raise TooLarge(
            f"a batch holds at most {MOST_EVENTS} events", code="event_count", limit=MOST_EVENTS, actual=len(lines)
        )
    return [_draft(line, number) for number, line in lines]


def _draft(line: bytes, number: int) -> Draft:
    try:
        draft = open_envelope(line)
    except Malformed as fault:
        raise Malformed(f"line {number}: {fault}", fault.code) from None
    identities = [value for value in (draft.fields.uuid, draft.fields.event_id) if not is_blank(value)]
    if not identities and not any(_MISREAD.match(problem) for problem in draft.problems):
        raise Malformed(f"line {number} needs a uuid or event_id", "missing_identity")
    read = [read_uuid(value) for value in identities if value is not None]
    if None in read or not read:
        raise Malformed(f"line {number}: uuid and event_id must be UUIDs", "invalid_identity")
    if read[0] != read[-1]:
        raise Malformed(f"line {number}: uuid and event_id name different events", "conflicting_identity")
    return draft._replace(identity=read[0])


def read(drafts: list[Draft], *, name: str, receipt: Receipt) -> list[Reading]:
    """The events of a batch; raises BatchRejected with every result when one of them breaks a rule."""
    readings: list[Reading] = []
    failures: dict[int, list[str]] = {}
    for index, draft in enumerate(drafts):
        try:
            readings.append(translate(draft, receipt))
        except Unprocessable as fault:
            failures[index] = fault.errors
    if failures:
        raise rejected(name, failures, len(drafts))
    return readings


def rejected(name: str, failures: dict[int, list[str]], total: int) -> BatchRejected:
    """The refusal of a batch whose envelopes at some indexes are wrong."""
    results = [
        BatchResult(index, "rejected", errors=failures[index])
        if index in failures
        else BatchResult(index, "rolled_back", errors=[_ROLLED_BACK])
        for index in range(total)
    ]
    return BatchRejected(BatchAnswer(SCHEMA_VERSION, name, "rejected", 0, 0, results))


def accepted(name: str, readings: list[Reading], receipts: list[intake.Receipt]) -> BatchAnswer:
    """The answer for a stored batch."""
    results = [
        BatchResult(
            index,
            "accepted",
            type="span" if reading.event.type == "span" else "event",
            id=receipt.public_id,
            legacy_id=receipt.id & LOCAL_MASK,
            duplicate=receipt.duplicate,
        )
        for index, (reading, receipt) in enumerate(zip(readings, receipts, strict=True))
    ]
    duplicates = sum(receipt.duplicate for receipt in receipts)
    return BatchAnswer(SCHEMA_VERSION, name, "accepted", len(receipts) - duplicates, duplicates, results)
