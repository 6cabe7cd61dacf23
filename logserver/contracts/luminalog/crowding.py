"""Refuses bodies of very many values before they are read: in memory each takes far more room than on the wire."""

from typing import Any

import msgspec

from logserver.api.bodies import UNREADABLE
from logserver.contracts.luminalog.bounds import MOST_PARTS
from logserver.contracts.luminalog.refusals import Rejected
from logserver.contracts.luminalog.wire import Level
from logserver.core.faults import Malformed

_LARGEST_PART = 2 * 1_024 * 1_024
"""Bytes of metadata or of an error payload that are looked into; with any escapes and indents it has fewer."""


class _Entry(msgspec.Struct):
    timestamp: str
    level: Level
    message: str
    metadata: msgspec.Raw = msgspec.Raw(b"null")
    error: msgspec.Raw = msgspec.Raw(b"null")


class _Logs(msgspec.Struct):
    logs: list[_Entry]


_decode = msgspec.json.Decoder(_Logs).decode


def require_few_parts(raw: bytes) -> None:
    """Raise Rejected for a body of more values than are read; Malformed for some of those that are no JSON.

    It never takes more memory than a few times that of the body.
    """
    if len(raw) <= MOST_PARTS or raw.count(b",") + raw.count(b"{") + raw.count(b"[") <= MOST_PARTS:
        return  # commas within texts count as well: only when there are very many is it worth looking closer
    left = MOST_PARTS
    try:
        for entry in _decode(raw).logs:
            for part in (entry.metadata, entry.error):
                if len(memoryview(part)) > _LARGEST_PART:
                    raise Rejected("an entry is far too large")
                left -= _parts(msgspec.json.decode(part))
                if left < 0:
                    raise Rejected(f"the body holds more than {MOST_PARTS} values")
    except msgspec.ValidationError as error:
        # What else is wrong with such a body is not looked for, and what stands there is not repeated.
        where = str(error).rpartition("`$.")[2].rstrip("`")
        raise Rejected(f"{where or 'the body'}: Missing, or not what it must be") from None
    except UNREADABLE as error:
        raise Malformed(f"the body is not valid JSON: {error}", "invalid_json") from None


def _parts(value: Any) -> int:
    """How many values a JSON value consists of. Never recurses."""
    waiting, count = [value], 0
    while waiting:
        held = waiting.pop()
        count += 1
        if type(held) is dict:
            waiting += held.values()
        elif type(held) is list:
            waiting += held
    return count
