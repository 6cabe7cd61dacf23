"""How large an entry and a batch may be. A KB is 1,024 bytes of UTF-8."""

from typing import Any

KB = 1_024
BODY_BYTES = 16 * KB * KB
"""Of a body, as it is sent and unpacked: room for 1,000 entries of 10 KB, and for many of 100 KB."""

MESSAGE_BYTES = 10 * KB
METADATA_BYTES = 100 * KB
ERROR_BYTES = 256 * KB
"""Of an error payload: a stack of a thousand frames."""

METADATA_DEPTH = 16
ERROR_DEPTH = 14
"""Of an error's context, which stands two levels deep in the record."""

MOST_PARTS = 1_000_000
"""Values a body may consist of: in memory each takes far more room than on the wire."""


def is_flat(raw: bytes, objects: int) -> bool:
    """Whether a body of so many objects, one below the other or in its one list, certainly has no others."""
    return raw.count(b"{") + raw.count(b"[") <= objects + 1


def too_deep(value: dict[str, Any], levels: int) -> bool:
    """Whether an object holds more levels of objects and lists than this, itself being one. Never recurses."""
    level: list[Any] = [value]
    for _ in range(levels):
        below: list[Any] = []
        for item in level:
            below += item.values() if type(item) is dict else item
        level = [item for item in below if type(item) is dict or type(item) is list]
        if not level:
            return False
    return True
