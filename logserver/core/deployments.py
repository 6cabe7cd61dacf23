"""Deployments: which commit a release is, and when it went where; shown as marks beside errors and charts."""

import uuid
from typing import Any, NamedTuple

import msgspec

from logserver.store.tx import Tx


class Deployment(msgspec.Struct, frozen=True):
    """A release brought to an environment at a time in Unix milliseconds."""

    release: str
    environment: str
    repository: str
    commit_sha: str
    deployed_at: int
    details: dict[str, Any]
    """What else was said: branch, pull request, links."""


class Recorded(NamedTuple):
    """A stored deployment's number within the server and its public id."""

    number: int
    uuid: str


def record(tx: Tx, project: int, deployment: Deployment) -> Recorded:
    """Store a deployment; the same release of a repository to the same environment again is the same deployment."""
    cursor = tx.execute(
        "INSERT INTO deployments (uuid, project, release, environment, deployed_at, repository, commit_sha, details)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (project, repository, environment, release) DO UPDATE SET"
        " deployed_at = excluded.deployed_at, commit_sha = excluded.commit_sha, details = excluded.details"
        " RETURNING id, uuid",
        (
            str(uuid.uuid4()),
            project,
            deployment.release,
            deployment.environment,
            deployment.deployed_at,
            deployment.repository,
            deployment.commit_sha,
            msgspec.json.encode(deployment.details).decode(),
        ),
    )
    return Recorded(*cursor.fetchone())


def every(tx: Tx, project: int, *, since_ms: int, until_ms: int) -> list[Deployment]:
    """A project's deployments of a time range, oldest first."""
    rows = tx.execute(
        "SELECT release, environment, repository, commit_sha, deployed_at, details FROM deployments"
        " WHERE project = ? AND deployed_at >= ? AND deployed_at < ? ORDER BY deployed_at, id",
        (project, since_ms, until_ms),
    )
    return [
        Deployment(release, environment, repository, commit_sha, deployed_at, msgspec.json.decode(details))
        for release, environment, repository, commit_sha, deployed_at, details in rows
    ]
