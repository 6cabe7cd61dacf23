"""The fields of a record, one by one, under the names by which the query language knows them."""

from collections.abc import Iterator
from typing import Any

from logserver.store.words import RESERVED

MOST_FIELDS = 500

Scalar = str | int | float | bool | None


def fields(context: dict[str, Any], most: int = MOST_FIELDS) -> Iterator[tuple[str, Scalar]]:
    """Every value of a context with its dotted path, in order, at most so many; of a list, every element.

    Objects and lists without content are left out. Never recurses.
    """
    waiting: list[Iterator[tuple[str, Any]]] = [_named("", context)]
    while waiting and most > 0:
        for path, value in waiting[-1]:
            if isinstance(value, dict):
                waiting.append(_named(path, value))
                break
            if isinstance(value, list):
                waiting.append((path, element) for element in value)
                break
            most -= 1
            yield path, value
            if not most:
                return
        else:
            waiting.pop()


def value_at(context: dict[str, Any], path: str) -> Any:
    """What stands at a dotted path, also where keys have dots themselves; None where nothing does.

    A path that begins with ``context.`` and a field of the record itself is what the sender has put under its name.
    """
    hidden = path.removeprefix("context.")
    if hidden != path and hidden.partition(".")[0] in RESERVED:
        path = hidden
    value: Any = context
    names = path.split(".")
    at = 0
    while at < len(names):
        if not isinstance(value, dict):
            return None
        for end in range(at + 1, len(names) + 1):
            name = ".".join(names[at:end])
            if name in value:
                value, at = value[name], end
                break
        else:
            return None
    return value


def _named(path: str, held: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in held.items():
        if path:
            yield f"{path}.{key}", value
        else:
            yield f"context.{key}" if key.lower() in RESERVED else key, value
