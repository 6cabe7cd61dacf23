"""Deployments: which commit a release is, and when it went where; shown as marks beside errors and charts."""

import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from logserver.core.redaction.engine import Policy
from logserver.store.tx import Tx


class Deployment(msgspec.Struct, frozen=True):
    """A release brought to an environment."""

    release: str
    environment: str
    repository: str
    commit_sha: str
    deployed_at: int | None
    """When, in Unix milliseconds; None where the sender named no time."""
    details: dict[str, Any]
    """What else was said: branch, pull request, links."""


class Recorded(NamedTuple):
    """A stored deployment's number within the server and its public id."""

    number: int
    uuid: str


def redacted(policy: Policy, deployment: Deployment) -> Deployment:
    """A deployment without what the rules of a policy find in it; paths of fields are those of its JSON object."""
    sent = {
        "release": deployment.release,
        "environment": deployment.environment,
        "repository": deployment.repository,
        "commit_sha": deployment.commit_sha,
    }
    found = policy.redact(sent | deployment.details, structure=frozenset(sent)).value
    named = {name: found.pop(name) for name in sent}
    return msgspec.structs.replace(deployment, **named, details=found)


def record(tx: Tx, project: int, deployment: Deployment, now_ms: int) -> Recorded:
    """Store a deployment of a project.

    The same release of a repository to the same environment at the same time is the same deployment, and so is
    one that names no time: what it says is added to what is known. At another time it is another one.
    """
    key = (project, deployment.repository, deployment.environment, deployment.release)
    known = tx.execute(
        "SELECT id, uuid, details FROM deployments"
        " WHERE project = ? AND repository = ? AND environment = ? AND release = ? AND (? IS NULL OR deployed_at = ?)"
        " ORDER BY deployed_at DESC LIMIT 1",
        (*key, deployment.deployed_at, deployment.deployed_at),
    ).fetchone()
    if known is not None:
        number, public, details = known
        tx.execute(
            "UPDATE deployments SET commit_sha = ?, details = ? WHERE id = ?",
            (deployment.commit_sha, _encode(msgspec.json.decode(details) | deployment.details), number),
        )
        return Recorded(number, public)
    public = str(uuid.uuid4())
    at = deployment.deployed_at if deployment.deployed_at is not None else now_ms
    cursor = tx.execute(
        "INSERT INTO deployments (uuid, project, repository, environment, release, deployed_at, commit_sha, details)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (public, *key, at, deployment.commit_sha, _encode(deployment.details)),
    )
    return Recorded(int(cursor.lastrowid or 0), public)


def _encode(details: dict[str, Any]) -> str:
    return msgspec.json.encode(details).decode()


def every(tx: Tx, project: int, *, since_ms: int, until_ms: int) -> list[Deployment]:
    """A project's deployments of a time range, oldest first."""
    return _read(
        tx,
        "project = ? AND deployed_at >= ? AND deployed_at < ?",
        (project, since_ms, until_ms),
        order="deployed_at, id",
        limit=-1,
    )


def of_releases(tx: Tx, project: int, releases: Sequence[str], *, limit: int) -> list[Deployment]:
    """The newest deployments of some releases of a project, newest first."""
    marks = ", ".join("?" * len(releases))
    return _read(tx, f"project = ? AND release IN ({marks})", (project, *releases), limit=limit)


def _read(
    tx: Tx, where: str, values: Sequence[Any], *, limit: int, order: str = "deployed_at DESC, id DESC"
) -> list[Deployment]:
    rows = tx.execute(
        "SELECT release, environment, repository, commit_sha, deployed_at, details FROM deployments"
        f" WHERE {where} ORDER BY {order} LIMIT ?",
        (*values, limit),
    )
    return [
        Deployment(release, environment, repository, commit_sha, deployed_at, msgspec.json.decode(details))
        for release, environment, repository, commit_sha, deployed_at, details in rows
    ]


def newest(
    tx: Tx,
    project: int,
    *,
    limit: int,
    since_ms: int | None = None,
    until_ms: int | None = None,
    environment: str | None = None,
    before: int | None = None,
) -> list[tuple[int, Deployment]]:
    """The last deployments of a project with their numbers, newest first; ``before``: older than that number's."""
    rows = tx.execute(
        "SELECT id, release, environment, repository, commit_sha, deployed_at, details FROM deployments"
        " WHERE project = :project AND (:since IS NULL OR deployed_at >= :since)"
        " AND (:until IS NULL OR deployed_at < :until) AND (:environment IS NULL OR environment = :environment)"
        " AND (:before IS NULL OR (deployed_at, id) < (SELECT deployed_at, id FROM deployments WHERE id = :before))"
        " ORDER BY deployed_at DESC, id DESC LIMIT :limit",
        {
            "project": project,
            "since": since_ms,
            "until": until_ms,
            "environment": environment,
            "before": before,
            "limit": limit,
        },
    )
    return [
        (number, Deployment(release, environment, repository, commit_sha, deployed_at, msgspec.json.decode(details)))
        for number, release, environment, repository, commit_sha, deployed_at, details in rows
    ]
