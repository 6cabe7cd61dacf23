"""Copies within an event: contracts repeat some values under a plainer name, and a rule names one of the places."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

_HEADING = "a heading"
_HEADINGS = frozenset({"check_in_slug", "monitor_slug", "name", "slug"})
"""Keys of a context that the message, or what a monitor is called, may have been read from."""

_INNER = {"user": {"id": "userid"}, "trace": {"id": "traceid", "traceid": "traceid", "requestid": "requestid"}}
"""Keys of objects in a context that it may repeat, and as what."""

_LONGEST_CHAIN = 2
"""From a spelling of a key to its usual one, and from there to the message."""


class _Slot(NamedTuple):
    """Where a value stands after redaction, and what it was before."""

    holder: dict[str, Any]
    key: str
    old: Any

    def changed(self) -> bool:
        return bool(self.holder[self.key] != self.old)


def followed(sent: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """A redacted event (message, context) in which copies of what was redacted are redacted alike.

    Copies are equal values under spellings of one key in the context, those of its trace and user, and the message
    with the names it is read from. ``sent`` is the event before.
    """
    value = {**value, "context": dict(value["context"])}
    families: defaultdict[str, list[_Slot]] = defaultdict(list)
    for family, slot in _slots(sent, value):
        families[family].append(slot)
    for _ in range(_LONGEST_CHAIN):
        for slots in families.values():
            if len(slots) > 1:
                _follow(slots)
    return value


def _follow(slots: list[_Slot]) -> None:
    for slot in slots:
        if not slot.changed():
            found = (each.holder[each.key] for each in slots if each.changed() and _plain(each.old) == _plain(slot.old))
            slot.holder[slot.key] = next(found, slot.old)


def _slots(sent: dict[str, Any], value: dict[str, Any]) -> Iterator[tuple[str, _Slot]]:
    """Every place that may have a copy, with the name that all of its copies have in common."""
    yield _HEADING, _Slot(value, "message", sent["message"])
    context = value["context"]
    # Keys may have been redacted, too, but their order is the same.
    for (name, old), key in zip(sent["context"].items(), list(context), strict=True):
        slot = _Slot(context, key, old)
        yield _spelled(name), slot
        if name in _HEADINGS:
            yield _HEADING, slot
        if name in _INNER and type(old) is dict and type(context[key]) is dict:
            inner = context[key] = dict(context[key])
            for (child, held), kept in zip(old.items(), list(inner), strict=True):
                if (family := _INNER[name].get(_spelled(child))) is not None:
                    yield family, _Slot(inner, kept, held)


def _spelled(key: str) -> str:
    return key.replace("_", "").replace("-", "").lower()


def _plain(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
