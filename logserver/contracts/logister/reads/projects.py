"""Projects: which there are, and how one is doing."""

from collections import Counter

from logserver.contracts.logister.reads import wire
from logserver.contracts.logister.reads.asking import Asked, fields_of, period_of, visible
from logserver.core import deployments, monitors
from logserver.core.errors import inbox
from logserver.core.projects import Project
from logserver.core.times import iso_text
from logserver.core.tokens import Credential
from logserver.store import countings, events
from logserver.store.tx import Tx

_MINUTE_MS = 60_000


def every(tx: Tx, credential: Credential) -> wire.Projects:
    """GET projects: what the credential may read."""
    return wire.Projects([shown(project) for project in visible(tx, credential)])


def one(_tx: Tx, project: Project, _asked: Asked) -> wire.Project:
    """GET projects/{project}."""
    return shown(project)


def summary(tx: Tx, project: Project, asked: Asked) -> wire.Summary:
    """GET …/summary: counts of a while, by whole minutes, and what stands open now."""
    fields = fields_of(asked)
    since, until = period_of(fields, asked)
    fields.done()
    edges = events.edges(tx, project.number)
    last = deployments.newest(tx, project.number, limit=1)
    states = Counter(monitor.state_now(asked.now_ms) for monitor in monitors.every(tx, project.number))
    return wire.Summary(
        shown(project),
        iso_text(since * 1_000),
        iso_text(until * 1_000),
        _counts(tx, project, since // _MINUTE_MS, -(-until // _MINUTE_MS)),
        wire.GroupStates(**_groups(tx, project, asked.now_ms)),
        wire.MonitorStates(**{str(state): n for state, n in states.items()}),
        iso_text(edges[1] * 1_000) if edges else None,
        deployment(last[0][1]) if last else None,
    )


def shown(project: Project) -> wire.Project:
    """A project as it is answered."""
    return wire.Project(
        project.uuid,
        project.slug,
        project.name,
        iso_text(project.created_at * 1_000),
        iso_text(project.archived_at * 1_000) if project.archived_at is not None else None,
        project.retention_days,
    )


def deployment(found: deployments.Deployment) -> wire.Deployment:
    """A deployment as it is answered."""
    at = iso_text((found.deployed_at or 0) * 1_000)
    return wire.Deployment(found.release, found.environment, found.repository, found.commit_sha, at, found.details)


def _groups(tx: Tx, project: Project, now_ms: int) -> dict[str, int]:
    tallies = inbox.tallies(tx, project.number, now_ms)
    return {name: tallies[name] for name in wire.GroupStates.__struct_fields__}


def _counts(tx: Tx, project: Project, since_minute: int, until_minute: int) -> wire.Counts:
    kinds: Counter[str] = Counter()
    levels: Counter[str] = Counter()
    environments: Counter[str] = Counter()
    for kind, level, environment, n in countings.counted(tx, project.number, since_minute, until_minute):
        kinds[kind] += n
        levels[level] += n
        environments[environment] += n
    return wire.Counts(kinds.total(), dict(kinds), dict(levels), dict(environments))
