"""Spellings and values of the Logister contract: any case of a key, any form of a time, a number or a uuid."""

import re
import types
import typing
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar

import msgspec

from logserver.core.faults import Malformed

S = TypeVar("S", bound=msgspec.Struct)

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are no JSON, or nested a thousand levels deep."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MILLISECONDS_FROM = 1e11
"""A number from here on is epoch milliseconds, below it epoch seconds."""

_EARLIEST_MS = -62_135_596_800_000
"""The beginning of the year 1."""

_LATEST_MS = 253_402_300_799_999
"""The end of the year 9999, the last that ISO 8601 can spell with four digits."""

_NUMERIC = re.compile(r"-?\d{9,16}(?:\.\d+)?", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def plain(key: str) -> str:
    """What every spelling of a key has in common: camelCase, UPPER, kebab-case, with underscores or without."""
    return key.replace("_", "").replace("-", "").lower()


def decode(raw: bytes) -> Any:
    """The JSON value of a body; Malformed (``invalid_json``) for what is none."""
    try:
        return msgspec.json.decode(raw)
    except RecursionError:
        raise Malformed("the body is not valid JSON: it is nested too deeply", "invalid_json") from None
    except UNREADABLE as error:
        raise Malformed(f"the body is not valid JSON: {error}", "invalid_json") from None


def enveloped(payload: Any, root: str) -> dict[str, Any]:
    """The object under the root key, in lower or upper case.

    Raises Malformed (``missing_<root>``; ``invalid_envelope`` for what is no object around it) where it is
    missing, empty or no object.
    """
    code = f"missing_{root}"
    if not isinstance(payload, dict):
        code = "invalid_envelope"
    else:
        for key in (root, root.upper()):
            value = payload.get(key)
            if isinstance(value, dict) and value:
                return value
    raise Malformed(f"param is missing or the value is empty: {root}", code)


def read_fields(sent: dict[str, Any], shape: type[S]) -> tuple[S, dict[str, Any], list[str]]:
    """The fields of a shape found in an object whatever their spelling, what else it has, and what cannot be read.

    A key spelled exactly wins over another spelling of it. Scalars are taken for text where text is wanted;
    anything else of the wrong type is a problem.
    """
    wanted = field_types(shape)
    spelled = plain_names(shape)
    values: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for key, value in sent.items():
        name = key if key in wanted else spelled.get(plain(key))
        if name is None:
            rest[key] = value
        elif key == name or (name not in values and name not in sent):
            values[name] = value
    problems = []
    for name, value in list(values.items()):
        allowed = wanted[name]
        if type(value) in allowed:
            continue
        if str in allowed and type(value) in {int, float, bool}:
            values[name] = msgspec.json.encode(value).decode()
        else:
            problems.append(f"{humanize(name)} has the wrong type")
            del values[name]
    return shape(**values), rest, problems


@cache
def field_types(shape: type[msgspec.Struct]) -> dict[str, tuple[type, ...]]:
    """The Python types a JSON value of each field may have."""
    known = {}
    for name, hint in typing.get_type_hints(shape).items():
        options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        known[name] = tuple(typing.get_origin(option) or option for option in options)
    return known


@cache
def plain_names(shape: type[msgspec.Struct]) -> dict[str, str]:
    """The name of each field by what all its spellings have in common."""
    return {plain(name): name for name in shape.__struct_fields__}


def humanize(name: str) -> str:
    """A field's name as messages say it: ``event_type`` is ``Event type``."""
    return name.replace("_", " ").capitalize()


def is_blank(value: Any) -> bool:
    """Whether a value says nothing: absent, or text of white space only."""
    return value is None or (isinstance(value, str) and not value.strip())


def read_time(value: Any) -> int | None:
    """A time in Unix microseconds, or None for what is none.

    ISO 8601 with any offset (none means UTC) and any fraction; epoch seconds or, from 1e11 on, milliseconds,
    as a number or its digits.
    """
    if isinstance(value, str):
        if not _NUMERIC.fullmatch(value):
            return _iso_time(value.strip())
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not abs(value) <= _LATEST_MS:
        return None
    return round(value * 1_000) if abs(value) >= _MILLISECONDS_FROM else round(value * 1_000_000)


def _iso_time(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - EPOCH) // _MICROSECOND
    except (ValueError, OverflowError):
        return None


def iso_text(microseconds: int) -> str:
    """Unix microseconds as ISO 8601 in UTC, as fine as they are; held within the years 1 to 9999."""
    moment = EPOCH + timedelta(microseconds=min(max(microseconds, _EARLIEST_MS * 1000), _LATEST_MS * 1000))
    precision = "milliseconds" if microseconds % 1_000 == 0 else "microseconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def read_number(value: Any) -> float | int | None:
    """A finite number, also one sent as its digits; None for anything else."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < 1e18 else None


def read_uuid(value: str) -> bytes | None:
    """The 16 bytes of a UUID in its canonical form, in any case; None for anything else."""
    return bytes.fromhex(value.replace("-", "")) if _UUID.fullmatch(value) else None
