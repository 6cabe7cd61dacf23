"""What frames an export: its first line, its last, and the marks between by which one that was broken off goes on."""

import msgspec

FORMAT = "logserver-export"
VERSION = 1


class Line(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="record"):
    """A line of any kind."""


class Header(Line, tag="header", frozen=True):
    """The first line: what the file is, and what was chosen."""

    format: str
    version: int
    id: str
    """Of this export; one that goes on after it was broken off keeps it."""
    made_by: str
    until: int
    """Nothing that happened at or after this is in it, but for audit events."""
    since: int | None = None
    projects: tuple[str, ...] = ()
    """The UUIDs of its projects in their order."""
    audit: bool = True
    """Whether their audit trails are in it."""


class Mark(Line, tag="mark", frozen=True):
    """How far an export has come: where it goes on if it is broken off after this line. No part of what is exported."""

    project: int
    """The place of the project in the header."""
    section: int
    after: list[int]
    records: int


class End(Line, tag="end", frozen=True):
    """The last line of a file that is whole."""

    records: int
    """How many lines are between the header and this, but for marks."""
