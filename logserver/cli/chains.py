"""The audit trails of a store as the shell looks at them. Imported by the commands that need it: it loads much."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click

from logserver.cli.folder import changing, reading
from logserver.contracts.logstitch import export, heads, signing
from logserver.contracts.logstitch.chain import Chain, stored_head
from logserver.contracts.logstitch.export import Period
from logserver.contracts.logstitch.heads import Kept
from logserver.contracts.logstitch.links import Head
from logserver.contracts.logstitch.signing import Signer
from logserver.contracts.logstitch.verification import Verified, verify
from logserver.core import projects
from logserver.core.clock import SystemClock
from logserver.core.projects import Project
from logserver.store import keys
from logserver.store.ids import Spelling
from logserver.store.inspection import Finding
from logserver.store.tx import Tx

_WITH_TRAILS = (
    "SELECT project FROM audit_heads UNION SELECT DISTINCT project FROM audit_stubs"
    " UNION SELECT project FROM dimensions WHERE type = 'audit'"
    " UNION SELECT number FROM projects WHERE EXISTS (SELECT 1 FROM audit_links WHERE project = number)"
)
"""The projects that have audit events, or had some."""

_FIRST = "SELECT arrived FROM audit_links WHERE project = ? ORDER BY seq LIMIT 1"


_NOTED_MS = 60_000
"""By then a server has noted the head of a new trail, whatever held it up."""


class Looked(NamedTuple):
    """A trail that was verified."""

    project: Project
    found: Verified
    unkept: bool
    """Nothing is kept of it beside the store, and something should be: nobody can tell whether its end was cut off."""


class Trails:
    """The audit trails of a store as one moment has them, and what is needed to verify them."""

    def __init__(self, tx: Tx, signer: Signer, kept: dict[str, Kept], chosen: list[Project]) -> None:
        self._tx = tx
        self._signer = signer
        self._kept = kept
        self.projects = chosen
        self._spelling = Spelling(keys.kept_secret(tx, "spelling") or b"")

    def count(self) -> int:
        """How many links there are in all of them."""
        return sum(
            self._tx.execute("SELECT count(*) FROM audit_links WHERE project = ?", (each.number,)).fetchone()[0]
            for each in self.projects
        )

    def verify(self, noted: Head | None, progress: Callable[[int], Any]) -> Iterator[Looked]:
        """Verify one after the other, against what was kept of each and against a head that was noted."""
        for project in self.projects:
            kept = self._kept.get(project.uuid)
            held = kept.head() if kept is not None else None
            found = verify(self._tx, project, self._spelling, self._signer.public, held, noted, progress=progress)
            yield Looked(project, found, unkept=held is None and noted is None and self._was_noted(project))

    def lines(self, project: Project, form: str, period: Period) -> Iterator[bytes]:
        """A trail as JSON lines (``jsonl``) or as CSV."""
        if form == "csv":
            return export.csv_lines(self._tx, project, self._spelling, period)
        return export.json_lines(self._tx, project, self._spelling, self._signer.public, period)

    def head(self, project: Project) -> Head:
        """The head of a trail as it is stored."""
        return stored_head(self._tx, project.number)[0]

    def _was_noted(self, project: Project) -> bool:
        """Whether a trail is so old that its server has noted a head of it."""
        first = self._tx.execute(_FIRST, (project.number,)).fetchone()
        if first is None or not isinstance(first[0], int):
            return self.head(project).seq > 0
        # Either way: a clock that was set back since makes no trail new.
        return abs(SystemClock().now_ms() - first[0]) > _NOTED_MS


@contextmanager
def trails(folder: Path, slug: str | None) -> Iterator[Trails]:
    """The trail of a project, or those of all that have one."""
    kept = _kept(folder)  # before the snapshot: a server may go on, and note a head that the snapshot has not
    with reading(folder) as tx:
        chosen = [projects.by_slug(tx, slug)] if slug is not None else _with_trails(tx, kept)
        # Where nothing was ever signed, no key has been lost.
        yield Trails(tx, _signer(folder) if chosen else Signer(bytes(32)), kept, chosen)


def findings(tx: Tx, files: dict[str, bytes], progress: Callable[[int], Any]) -> Iterator[Finding]:
    """What is wrong with the trails of a store, whose key and heads are among the files that were beside it."""
    try:
        kept = heads.decoded(files[heads.FILE], heads.FILE) if heads.FILE in files else {}
        signer = signing.decoded(files[signing.FILE], signing.FILE) if signing.FILE in files else None
    except (signing.Unsigned, heads.Unreadable) as error:
        yield Finding("audit", str(error))
        return
    chosen = _with_trails(tx, kept)
    if chosen and signer is None:
        yield Finding("audit", f"{signing.FILE}, the key that signs the audit trail, is missing")
        return
    for each in Trails(tx, signer or Signer(bytes(32)), kept, chosen).verify(None, progress):
        if each.found.broken is not None:
            message = f"the trail of {each.project.slug} is broken: {each.found.broken.message}"
            yield Finding("audit", message)
        elif each.unkept:
            message = f"no head of {each.project.slug} is in {heads.FILE}, to tell whether its end was cut off"
            yield Finding("audit", message, serious=False)


def seal(folder: Path, slug: str) -> Head:
    """Sign the chain of a project as it stands, and keep its head in the place of what was kept before."""
    signer = _signer(folder)
    chain = Chain()
    chain.open(signer)
    with changing(folder) as tx:
        project = projects.by_slug(tx, slug)
        head = chain.seal(tx, project.number, project.uuid)
        kept = Kept.of(*stored_head(tx, project.number))
    if head.seq:
        _unless_unreadable(heads.put, folder, project.uuid, kept)
    return head


def _with_trails(tx: Tx, kept: dict[str, Kept]) -> list[Project]:
    numbers = {number for (number,) in tx.execute(_WITH_TRAILS)}
    return [each for each in projects.every(tx) if each.number in numbers or each.uuid in kept]


def _kept(folder: Path) -> dict[str, Kept]:
    found: dict[str, Kept] = _unless_unreadable(heads.read, folder)
    return found


def _signer(folder: Path) -> Signer:
    signer: Signer | None = _unless_unreadable(signing.existing, folder)
    if signer is None:
        raise click.ClickException(
            f"the key that signs the audit trail is missing: {folder / signing.FILE}; put it back from a copy. Where"
            " there is none, start the server once, which makes a new one, and then run `logserver audit seal`"
        )
    return signer


def _unless_unreadable(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except (signing.Unsigned, heads.Unreadable) as error:
        raise click.ClickException(str(error)) from error
