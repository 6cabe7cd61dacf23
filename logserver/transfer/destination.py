"""Where the records of a project arrive, and what has become of them so far."""

import msgspec

from logserver.core.faults import Conflict
from logserver.core.projects import Project
from logserver.store.ids import Spelling


class Refused(Conflict):
    """What a file brings contradicts what is stored; nothing of the parcel was taken in."""


class Origin(msgspec.Struct, frozen=True):
    """The project that records come from."""

    uuid: str
    number: int
    slug: str
    system: bool
    merge: bool
    """Whether they may be put into another project of the same name."""


class Tally(msgspec.Struct):
    """What became of the records of a file."""

    new: int = 0
    known: int = 0
    """Those that were there already, or say less than what is there."""
    older: dict[str, int] = {}
    """Events that were left out because they are older than their project keeps, by slug."""
    different: int = 0
    """Events left out because another one is stored under the same id."""
    examples: list[str] = []
    """The public ids of some of those."""
    made: list[str] = []
    """The slugs of projects that were made."""

    def differs(self, public_id: str) -> None:
        """Count an event under whose id there is another."""
        self.different += 1
        if len(self.examples) < 10:
            self.examples.append(public_id)

    def add(self, other: "Tally") -> None:
        """Count what another one did."""
        self.new += other.new
        self.known += other.known
        self.different += other.different
        self.examples = (self.examples + other.examples)[:10]
        self.made += other.made
        for slug, n in other.older.items():
            self.older[slug] = self.older.get(slug, 0) + n


class Destination(msgspec.Struct, frozen=True):
    """The project that takes records in, for the length of one transaction."""

    origin: Origin
    project: Project
    spelling: Spelling
    now_ms: int

    @property
    def number(self) -> int:
        """The number of the project."""
        return self.project.number
