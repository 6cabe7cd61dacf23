"""Reads the values of a request one by one, and gathers everything that is wrong with them under the field's path."""

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from logserver.api.bodies import body_of, decode
from logserver.api.request import Request
from logserver.core.faults import Invalid
from logserver.core.times import read_time

CONTROL_BYTES = 64 * 1024
"""Bytes of body that anything but events may have."""

_INTEGER = re.compile("-?[0-9]{1,9}", re.ASCII)
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DAY_US = timedelta(days=1) // timedelta(microseconds=1)


class InvalidQuery(Invalid):
    """What is wrong stands in the query, not in the body."""


class InvalidPath(Invalid):
    """What is wrong stands in the path."""


def object_of(request: Request, limit: int = CONTROL_BYTES) -> dict[str, Any]:
    """The JSON object of a body; Malformed for what is no JSON, Invalid for another value."""
    value = decode(body_of(request, limit))
    if not isinstance(value, dict):
        raise Invalid([("", "Expected object")])
    return value


class Fields:
    """The values of an object or of a query; ``problems`` is what was found wrong so far."""

    def __init__(self, sent: Mapping[str, Any], prefix: str = "", *, query: bool = False) -> None:
        self._sent = sent
        self._prefix = prefix
        self._query = query
        self.problems: list[tuple[str, str]] = []

    def wrong(self, name: str, message: str) -> None:
        """Note a problem with a field."""
        self.problems.append((self._prefix + name, message))

    def done(self) -> None:
        """Raise Invalid where anything was wrong."""
        if self.problems:
            raise InvalidQuery(self.problems) if self._query else Invalid(self.problems)

    def given(self, name: str) -> bool:
        """Whether a field is there, and not null."""
        return self._sent.get(name) is not None

    def text(self, name: str, *, longest: int, required: bool = False) -> str | None:
        """A text of 1 to so many characters; None where it is not there, or wrong."""
        value = self._sent.get(name)
        if value is None:
            if required:
                self.wrong(name, "Required")
            return None
        if not isinstance(value, str):
            self.wrong(name, "Expected string")
        elif not value.strip():
            self.wrong(name, "Must not be empty")
        elif len(value) > longest:
            self.wrong(name, f"Must be at most {longest} characters")
        else:
            return value
        return None

    def choice(self, name: str, allowed: Collection[str], *, required: bool = False) -> str | None:
        """One of some words."""
        value = self._sent.get(name)
        if value is None:
            if required:
                self.wrong(name, "Required")
            return None
        if isinstance(value, str) and value in allowed:
            return value
        self.wrong(name, f"Must be one of {', '.join(allowed)}")
        return None

    def integer(self, name: str, lowest: int, highest: int, *, required: bool = False) -> int | None:
        """A whole number within bounds; in a query its digits."""
        value = self._sent.get(name)
        if value is None:
            if required:
                self.wrong(name, "Required")
            return None
        if self._query and isinstance(value, str) and _INTEGER.fullmatch(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(name, "Expected integer")
        elif not lowest <= value <= highest:
            self.wrong(name, f"Must be {lowest} to {highest}")
        else:
            return value
        return None

    def boolean(self, name: str) -> bool | None:
        """True or false."""
        value = self._sent.get(name)
        if value is None or isinstance(value, bool):
            return value
        self.wrong(name, "Expected boolean")
        return None

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A list of texts."""
        value = self._sent.get(name)
        if value is None:
            return None
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        self.wrong(name, "Expected array of strings")
        return None

    def moment(self, name: str, *, end: bool = False) -> int | None:
        """A point in time in Unix microseconds; of a bare date its beginning, or with ``end`` its last moment."""
        value = self._sent.get(name)
        if value is None:
            return None
        # A plus that was not escaped in a query has become a space.
        spelled = value.strip().replace(" ", "+") if isinstance(value, str) and "T" in value else value
        moment = read_time(spelled) if isinstance(spelled, str) else None
        if moment is None:
            self.wrong(name, "Must be an ISO 8601 date or time")
            return None
        if end and _DAY.fullmatch(value):
            moment += _DAY_US - 1
        return moment
