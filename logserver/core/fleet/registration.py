"""How an agent becomes known by saying its name."""

from logserver.core.faults import Conflict
from logserver.core.fleet import agents
from logserver.core.fleet.agents import Agent
from logserver.core.projects import Project
from logserver.store.tx import Tx


def register(
    tx: Tx,
    *,
    name: str,
    project: Project,
    now_ms: int,
    hostname: str | None = None,
    version: str | None = None,
    labels: dict[str, str] | None = None,
) -> tuple[Agent, bool]:
    """The agent of a name in a project, made if it is not there, and whether it was; what is said of it holds now.

    Raises Conflict where the name is that of an agent whose data lands in another project.
    """
    agent = agents.by_name(tx, name)
    if agent is None:
        made = agents.create(
            tx,
            name=name,
            project=project,
            now_ms=now_ms,
            hostname=hostname or "",
            version=version or "",
            labels=labels,
        )
        return made, True
    if agent.project != project.number:
        raise Conflict("there is an agent of this name that is not of this key's project")
    return agents.change(tx, agent, now_ms=now_ms, hostname=hostname, version=version, labels=labels), False
