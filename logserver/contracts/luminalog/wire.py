"""The JSON of the LuminaLog contract: what is read and answered, field by field."""

from typing import Annotated, Any, Literal

import msgspec

Level = Literal["debug", "info", "warn", "error", "fatal", "panic"]
"""The levels of the product, and ``panic``, which its clients send."""

MOST_ENTRIES = 1_000
MAX_NAME = 512

Name = Annotated[str, msgspec.Meta(max_length=MAX_NAME)]
"""What is short by its nature: an environment, an id, the type of an error."""


class ErrorPayload(msgspec.Struct):
    """An error as an entry carries it."""

    type: Name | None = None
    """Such as ``TypeError``."""
    message: str | None = None
    stack_trace: list[str] | str | None = None
    """Its lines, or all of them in one text."""
    context: dict[str, Any] | None = None
    fingerprint: Name | None = None
    """The sender's own key of the error group."""


class Entry(msgspec.Struct, gc=False):
    """One log line; ``null`` is as good as a field that is left out."""

    timestamp: str
    """ISO 8601, of any precision; without an offset it is UTC."""
    level: Level
    message: str
    """At most 10 KB (10,240 bytes of UTF-8)."""
    environment: Name | None = None
    metadata: dict[str, Any] | None = None
    """At most 100 KB (102,400 bytes of UTF-8); its keys are found as ``user_id:user-789``."""
    error: ErrorPayload | None = None
    """Makes the entry an error, which is grouped."""
    project_id: Name | None = None
    """An attribute: the key decides whose project an entry goes to."""
    privacy_mode: bool | None = None
    """True: the sender answers for sensitive data, and built-in redaction is skipped."""
    trace_id: Name | None = None
    span_id: Name | None = None
    parent_span_id: Name | None = None


class Logs(msgspec.Struct):
    """What is read of a body once its sender is known."""

    logs: list[Entry]


class Keyed(msgspec.Struct):
    """What is read of a body to know its sender."""

    api_key: str | None = None


class Body(msgspec.Struct):
    """The body of POST /v1/logs."""

    logs: Annotated[list[Entry], msgspec.Meta(min_length=1, max_length=MOST_ENTRIES)]
    api_key: str | None = None
    """The key, where no header has it; deprecated."""


class Ingested(msgspec.Struct):
    """The answer for a stored batch."""

    message: str
    processed: int
    bytes_used: int
    """What the stored entries count against the quota: the UTF-8 length of their JSON."""
    debug_user_id: str
    """The id of the project; clients look for it."""


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with an entry."""

    index: int
    field: str
    message: str


class Refused(msgspec.Struct):
    """A batch of which nothing was stored."""

    error: str
    message: str
    details: list[Problem]
    """Of at most 50 entries; empty where the body as a whole is at fault."""
    processed: int = 0


class Error(msgspec.Struct):
    """Any other refusal."""

    error: str
    message: str
