"""Spellings and values of the Logister contract: any case of a key, any form of a time, a number or a uuid."""

import re
import types
import typing
from functools import cache
from typing import Any, TypeVar

import msgspec

from logserver.core.faults import Malformed

S = TypeVar("S", bound=msgspec.Struct)

_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def plain(key: str) -> str:
    """What every spelling of a key has in common: camelCase, UPPER, kebab-case, with underscores or without."""
    return key.replace("_", "").replace("-", "").lower()


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
