"""Its people, its projects, and what they have seen to."""

from hashlib import blake2b

from logserver.core import deployments, monitors, projects
from logserver.core.alerting import alert_rules, alerts
from logserver.core.deployments import Deployment
from logserver.core.errors import groups
from logserver.core.people import accounts, members
from logserver.core.projects import Project, by_slug
from logserver.demo.calendar import Calendar, Release
from logserver.demo.company import ENVIRONMENT, HOUR_MS, ORGANIZATION, PEOPLE, PROJECTS, REPOSITORIES
from logserver.store.tx import Tx

_TRIAGE = (
    ("sqlalchemy.exc.TimeoutError", "resolved", "ben@harbourbikes.example"),
    ("NoMethodError", "resolved", "dev@harbourbikes.example"),
    ("Stripe::CardError", "ignored", None),
    ("KeyError", "unresolved", "ben@harbourbikes.example"),
    ("java.util.ConcurrentModificationException", "archived", None),
    ("Error", "unresolved", "chiara@harbourbikes.example"),
)


def make(tx: Tx, now_ms: int, password: str) -> dict[str, Project]:
    """Make the organization, its people (all with this password, encoded) and its projects by slug."""
    accounts.ensure_organization(tx, ORGANIZATION, now_ms)
    made = {slug: projects.create(tx, slug=slug, name=name, now_ms=now_ms) for slug, name in PROJECTS.items()}
    for person in PEOPLE:
        role: accounts.Role = "admin" if person.role == "admin" else "member"
        user = accounts.create(tx, email=person.email, name=person.name, role=role, now_ms=now_ms, password=password)
        for slug, place in person.places:
            members.put(tx, made[slug], user, place, now_ms)
    alert_rules.create(
        tx,
        made["storefront"].number,
        name="Many refunds",
        action_pattern="refund.*",
        threshold=4,
        window_seconds=3_600,
        group_by="tenant_id",
        severity="medium",
        now_ms=now_ms,
    )
    return made


def deploy(tx: Tx, release: Release) -> None:
    """Record that a release went out."""
    deployment = Deployment(
        release=release.name,
        environment=ENVIRONMENT,
        repository=REPOSITORIES[release.project],
        commit_sha=blake2b(f"{release.project} {release.name}".encode(), digest_size=20).hexdigest(),
        deployed_at=release.at_ms,
        details={"branch": release.branch, "release_tag": f"v{release.name}"},
    )
    deployments.record(tx, by_slug(tx, release.project).number, deployment, release.at_ms)


def see_to_errors(tx: Tx, calendar: Calendar) -> None:
    """Resolve, ignore, archive and assign error groups as they stand when the story ends."""
    at_ms = calendar.now_ms - HOUR_MS
    for kind, status, assignee in _TRIAGE:
        for (key,) in tx.execute("SELECT id FROM error_groups WHERE subtitle = ?", (kind,)).fetchall():
            if status != "unresolved":
                groups.set_status(tx, key, status, at_ms)  # type: ignore[arg-type] # one of its words
            groups.assign(tx, key, assignee)


def resolve_too_early(tx: Tx, now_ms: int) -> None:
    """Resolve an error group whose error is not mended yet, so that it comes back."""
    for (key,) in tx.execute("SELECT id FROM error_groups WHERE subtitle = 'KeyError'").fetchall():
        groups.set_status(tx, key, "resolved", now_ms)


def see_to_alerts(tx: Tx, project: Project, calendar: Calendar) -> None:
    """Leave the two newest alerts open, acknowledge the third, resolve what rang before, and pause a monitor."""
    rows = tx.execute(
        "SELECT uuid, triggered_at FROM alerts WHERE project = ? AND status = 'open' ORDER BY triggered_at DESC",
        (project.number,),
    ).fetchall()
    for n, (alert_id, at_ms) in enumerate(rows):
        if n == 2:
            alerts.transition(tx, project.number, alert_id, "acknowledged", calendar.now_ms)
        elif n > 2:
            alerts.transition(tx, project.number, alert_id, "resolved", min(at_ms + HOUR_MS // 2, calendar.now_ms))
    for monitor in monitors.every(tx, project.number):
        if monitor.slug == "search-index":
            monitors.pause(tx, monitor.id, calendar.now_ms, paused=True)
