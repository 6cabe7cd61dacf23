"""How large an event may be, and its depth: the limits of the contract, each with the code of its refusal."""

from typing import Any

from logserver.core.faults import TooLarge

BODY_BYTES = 2 * 1024 * 1024
EVENT_BYTES = 1024 * 1024
CONTEXT_DEPTH = 16
CONTEXT_KEYS = 512
ARRAY_LENGTH = 1_000
STRING_BYTES = 256 * 1024
MESSAGE_BYTES = 64 * 1024

_WORDS = {
    "event_bytes": "an event may have {limit} bytes",
    "context_depth": "context may be nested {limit} levels deep",
    "context_keys": "context may have {limit} keys",
    "array_length": "an array may have {limit} elements",
    "string_bytes": "a string may have {limit} bytes",
    "message_bytes": "a message may have {limit} bytes",
}


def exceeded(code: str, limit: int, actual: int) -> TooLarge:
    """The refusal of a size, ``actual`` being what was found of it when counting stopped."""
    return TooLarge(_WORDS[code].format(limit=limit), code=code, limit=limit, actual=actual)


def check_nesting(raw: bytes, levels: int = CONTEXT_DEPTH) -> bool:
    """Whether raw JSON is certainly no deeper than ``levels`` containers, without decoding it."""
    return raw.count(b"{") + raw.count(b"[") <= levels


def measure(value: Any, *, depth: int = 1) -> None:
    """Raise TooLarge when a decoded JSON value breaks a limit; never recurses.

    ``value`` itself counts as depth ``depth``. A scalar has no depth.
    """
    keys = 0
    level: list[Any] = [value]
    while level:
        below: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is dict:
                keys += len(item)
                if keys > CONTEXT_KEYS:
                    raise exceeded("context_keys", CONTEXT_KEYS, keys)
                for key in item:
                    _check_string(key)
                below.extend(item.values())
            elif kind is list:
                if len(item) > ARRAY_LENGTH:
                    raise exceeded("array_length", ARRAY_LENGTH, len(item))
                below.extend(item)
            elif kind is str:
                _check_string(item)
        level = below
        if any(type(item) is dict or type(item) is list for item in level):
            depth += 1
            if depth > CONTEXT_DEPTH:
                raise exceeded("context_depth", CONTEXT_DEPTH, depth)


def check_strings(values: tuple[Any, ...]) -> None:
    """Raise TooLarge when one of these values is a text over its limit."""
    for value in values:
        if type(value) is str:
            _check_string(value)


def _check_string(text: str) -> None:
    # A string has at most four bytes a character, so only long ones need to be encoded to be measured.
    if len(text) * 4 > STRING_BYTES and (size := len(text.encode())) > STRING_BYTES:
        raise exceeded("string_bytes", STRING_BYTES, size)


def check_message(message: str) -> None:
    """Raise TooLarge for a message over its limit."""
    if len(message) * 4 > MESSAGE_BYTES and (size := len(message.encode())) > MESSAGE_BYTES:
        raise exceeded("message_bytes", MESSAGE_BYTES, size)


def check_size(size: int) -> None:
    """Raise TooLarge for an envelope over its limit, in bytes of JSON."""
    if size > EVENT_BYTES:
        raise exceeded("event_bytes", EVENT_BYTES, size)
