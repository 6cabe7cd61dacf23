"""Projects: whose an event is. A project's number is part of every id and is never given twice."""

import re
import sqlite3
import unicodedata
import uuid

import msgspec

from logserver.core.faults import Conflict, Invalid, NotFound
from logserver.store.ids import MAX_PROJECT
from logserver.store.tx import Tx

DEFAULT_RETENTION_DAYS = 30
DIALECTS = ("logister", "logstitch", "logfleet", "luminalog")
"""The contracts events arrive by."""

AUDITED = "logstitch"
"""The dialect of audit events, which are always redacted."""

SELF_SLUG = "logserver"
"""The project in which the server records what it has to say about itself."""

MAX_NAME = 200
_UNFIT_FOR_NAMES = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_UNFIT_FOR_SLUGS = re.compile("[^a-z0-9]+")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_COLUMNS = (
    "number, uuid, slug, name, system, created_at, archived_at, retention_days, rate_limit_requests,"
    " rate_limit_seconds, audit_retention_days, redact_dialects, monthly_bytes"
)


class Project(msgspec.Struct, frozen=True):
    """A project as it was when it was read; times are Unix milliseconds."""

    number: int
    uuid: str
    slug: str
    name: str
    system: bool
    created_at: int
    archived_at: int | None
    retention_days: int
    rate_limit_requests: int | None
    """An admin's override of the requests a token may send to an endpoint in a window."""
    rate_limit_seconds: int | None
    """An admin's override of the window."""
    audit_retention_days: int | None
    """How long audit events are kept; None: for ever."""
    redact_dialects: tuple[str, ...]
    """The dialects whose events are redacted by the project's rules."""
    monthly_bytes: int | None = None
    """What it may be sent by POST /v1/logs in a calendar month (core/quotas.py); None: any amount."""

    def audit_horizon_ms(self, now_ms: int) -> int | None:
        """As horizon_ms, for audit events; None where they are kept for ever."""
        if self.audit_retention_days is None:
            return None
        return (now_ms - self.audit_retention_days * 86_400_000) // 60_000 * 60_000

    def horizon_ms(self, now_ms: int) -> int:
        """The Unix millisecond, at a whole minute, before which this project keeps no events."""
        return (now_ms - self.retention_days * 86_400_000) // 60_000 * 60_000


def _project(row: tuple[object, ...]) -> Project:
    named = dict(zip(Project.__struct_fields__, row, strict=True))
    dialects = msgspec.json.decode(str(named["redact_dialects"]))
    return msgspec.convert(named | {"redact_dialects": dialects}, Project, strict=False)


def create(
    tx: Tx,
    *,
    slug: str,
    now_ms: int,
    name: str | None = None,
    retention_days: int = DEFAULT_RETENTION_DAYS,
    system: bool = False,
) -> Project:
    """Make a project.

    Raises Invalid for a slug that is not 1 to 63 of a-z, 0-9 and inner hyphens, Conflict for one that is taken
    or when all 4,095 numbers are given.
    """
    if not _SLUG.fullmatch(slug):
        raise Invalid([("slug", "must be 1 to 63 of a-z, 0-9 and -, and neither begin nor end with -")])
    if slug == SELF_SLUG and not system:
        raise Conflict(f"{SELF_SLUG!r} is kept for the server's own project")
    try:
        tx.execute(
            "INSERT INTO projects (uuid, slug, name, system, created_at, retention_days) VALUES (?, ?, ?, ?, ?, ?)",
            (str(uuid.uuid4()), slug, named(name or slug), system, now_ms, _retention(retention_days)),
        )
    except sqlite3.IntegrityError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_CHECK:
            raise Conflict(f"all {MAX_PROJECT} project numbers of this store have been given") from error
        raise Conflict(f"there is a project {slug!r} already") from error
    changed(tx)
    return by_slug(tx, slug)


def named(name: str) -> str:
    """A name as it is kept; raises Invalid for one that is blank, too long, or has control characters."""
    if not name.strip():
        raise Invalid([("name", "must not be empty")])
    if len(name) > MAX_NAME:
        raise Invalid([("name", f"must be at most {MAX_NAME} characters")])
    if _UNFIT_FOR_NAMES.search(name.strip()):
        raise Invalid([("name", "must not have control characters")])
    return name.strip()


def free_slug(tx: Tx, name: str) -> str:
    """A slug made of a name that no project has."""
    plain = unicodedata.normalize("NFKD", name[:MAX_NAME]).encode("ascii", "ignore").decode().lower()
    stem = _UNFIT_FOR_SLUGS.sub("-", plain).strip("-")[:58].strip("-") or "project"
    taken = {slug for (slug,) in tx.execute("SELECT slug FROM projects")} | {SELF_SLUG}
    return next(slug for slug in (stem, *(f"{stem}-{n}" for n in range(2, MAX_PROJECT + 3))) if slug not in taken)


def by_slug(tx: Tx, slug: str) -> Project:
    """The project of a slug or a UUID; raises NotFound."""
    row = tx.execute(f"SELECT {_COLUMNS} FROM projects WHERE slug = ? OR uuid = ?", (slug, slug)).fetchone()
    if row is None:
        raise NotFound(f"there is no project {slug!r}")
    return _project(row)


def by_number(tx: Tx, number: int) -> Project:
    """The project of a number; raises NotFound."""
    row = tx.execute(f"SELECT {_COLUMNS} FROM projects WHERE number = ?", (number,)).fetchone()
    if row is None:
        raise NotFound(f"there is no project number {number}")
    return _project(row)


def every(tx: Tx, *, archived: bool = True) -> list[Project]:
    """All projects by slug, the server's own last; without the archived ones when told so."""
    rows = tx.execute(
        f"SELECT {_COLUMNS} FROM projects WHERE archived_at IS NULL OR ? ORDER BY system, slug", (archived,)
    )
    return [_project(row) for row in rows]


def anyone(tx: Tx) -> bool:
    """Whether there is a project beside the server's own."""
    return tx.execute("SELECT 1 FROM projects WHERE system = 0 LIMIT 1").fetchone() is not None


def ensure_own(tx: Tx, now_ms: int) -> Project:
    """The server's own project, made if it is not there."""
    row = tx.execute(f"SELECT {_COLUMNS} FROM projects WHERE system = 1").fetchone()
    if row:
        return _project(row)
    return create(tx, slug=SELF_SLUG, name="The server itself", system=True, now_ms=now_ms)


def archive(tx: Tx, slug: str, now_ms: int) -> Project:
    """Close a project: its active tokens are revoked, its events stay until their retention ends.

    Raises Invalid for the server's own project.
    """
    project = by_slug(tx, slug)
    if project.system:
        raise Invalid([("project", "the server's own project stays open")])
    tx.execute("UPDATE projects SET archived_at = ? WHERE number = ? AND archived_at IS NULL", (now_ms, project.number))
    tx.execute("UPDATE tokens SET revoked_at = ? WHERE project = ? AND revoked_at IS NULL", (now_ms, project.number))
    changed(tx)
    return by_number(tx, project.number)


def restore(tx: Tx, slug: str) -> Project:
    """Open an archived project again; its old tokens stay revoked."""
    project = by_slug(tx, slug)
    tx.execute("UPDATE projects SET archived_at = NULL WHERE number = ?", (project.number,))
    changed(tx)
    return by_number(tx, project.number)


def set_values(
    tx: Tx,
    slug: str,
    *,
    name: str | None = None,
    retention_days: int | None = None,
    rate_limit: tuple[int, int] | None = None,
    default_rate_limit: bool = False,
    audit_retention_days: int | None = None,
    keep_audit: bool = False,
    redact_dialects: tuple[str, ...] | None = None,
) -> Project:
    """Change a project; what is None stays.

    ``rate_limit`` is (requests 1 to 10,000,000, seconds 1 to 86,400); ``default_rate_limit`` removes it.
    ``keep_audit`` keeps audit events for ever again; ``redact_dialects`` are some of DIALECTS,
    to which that of audit events is added.
    """
    project = by_slug(tx, slug)
    if name is not None:
        tx.execute("UPDATE projects SET name = ? WHERE number = ?", (named(name), project.number))
    if retention_days is not None:
        days = _retention(retention_days)
        tx.execute("UPDATE projects SET retention_days = ? WHERE number = ?", (days, project.number))
    if rate_limit is not None:
        requests, seconds = rate_limit
        if not 1 <= requests <= 10_000_000:
            raise Invalid([("rate_limit_requests", "must be 1 to 10,000,000")])
        if not 1 <= seconds <= 86_400:
            raise Invalid([("rate_limit_seconds", "must be 1 to 86,400")])
    if rate_limit is not None or default_rate_limit:
        tx.execute(
            "UPDATE projects SET rate_limit_requests = ?, rate_limit_seconds = ? WHERE number = ?",
            (*(rate_limit or (None, None)), project.number),
        )
    if audit_retention_days is not None or keep_audit:
        days_kept = None if audit_retention_days is None else _retention(audit_retention_days, "audit_retention_days")
        tx.execute("UPDATE projects SET audit_retention_days = ? WHERE number = ?", (days_kept, project.number))
    if retention_days is not None or audit_retention_days is not None or keep_audit:
        # What was kept under the old terms is looked at again under the new ones.
        tx.execute("DELETE FROM sweeps WHERE project = ?", (project.number,))
    if redact_dialects is not None:
        if unknown := [dialect for dialect in redact_dialects if dialect not in DIALECTS]:
            raise Invalid([("redact_dialects", f"{unknown[0]!r} is none of {', '.join(DIALECTS)}")])
        spelled = msgspec.json.encode(sorted({AUDITED, *redact_dialects})).decode()
        tx.execute("UPDATE projects SET redact_dialects = ? WHERE number = ?", (spelled, project.number))
    changed(tx)
    return by_number(tx, project.number)


def changed(tx: Tx) -> None:
    """Tell a running server that projects or tokens are not what it remembers."""
    tx.execute("UPDATE generation SET n = n + 1")


def generation(tx: Tx) -> int:
    """How often projects, tokens or what goes with them have changed so far."""
    return int(tx.execute("SELECT n FROM generation").fetchone()[0])


def _retention(days: int, field: str = "retention_days") -> int:
    if not 1 <= days <= 36_500:
        raise Invalid([(field, "must be 1 to 36,500")])
    return days
