"""The routes of what can be asked, who asks, and of which projects."""

from typing import Any

from logserver.api.endpoint import Endpoint, Example
from logserver.contracts.logister.reads import projects, session, wire
from logserver.contracts.logister.reads.routes.terms import SINCE, UNTIL, Routes, kept
from logserver.core.tokens import Credential
from logserver.store.tx import Tx


def endpoints(routes: Routes) -> list[Endpoint]:
    """The declarations."""
    return [
        routes.of_token(
            "/session",
            "read_session",
            None,
            session.session,
            gives=wire.ReadSession,
            found="Who asks.",
            summary="See what your token may read",
            examples={"session": Example()},
            may_miss=False,
        ),
        routes.of_token(
            "/projects",
            "read_projects",
            "projects:read",
            _projects,
            gives=wire.Projects,
            found="By slug.",
            summary="List the projects of your token",
            examples={"projects": Example(keeps={"read_project": "items.0.slug"})},
            may_miss=False,
        ),
        routes.of_project(
            "",
            "read_project",
            "projects:read",
            projects.one,
            gives=wire.Project,
            found="The project.",
            summary="Read a project",
            examples={"the token's own": kept(), "another": Example(values={"project": "elsewhere"}, status=404)},
        ),
        routes.of_project(
            "/summary",
            "read_summary",
            "projects:read",
            projects.summary,
            gives=wire.Summary,
            found="Counts of the time asked for; groups and monitors as they stand.",
            summary="Read how a project is doing",
            parameters=(SINCE, UNTIL),
            examples={"the last day": kept(), "no time": kept(400, since="yesterday")},
        ),
    ]


def capabilities(routes: Routes) -> Endpoint:
    """The declaration of what all others are."""
    listed: list[wire.Resource] = []

    def read(_tx: Tx, _credential: Credential, _now_ms: int) -> Any:
        return session.capabilities(listed)

    made = routes.of_token(
        "/capabilities",
        "read_capabilities",
        None,
        read,
        gives=wire.Capabilities,
        found="The same for every token.",
        summary="See what can be read, and with which scope",
        examples={"capabilities": Example()},
        may_miss=False,
    )
    listed += routes.resources
    return made


def _projects(tx: Tx, credential: Credential, _now_ms: int) -> wire.Projects:
    return projects.every(tx, credential)
