"""Who sees an agent: whoever sees the project in which its data lands; its owners and admins change it."""

from typing import NamedTuple

from logserver.core import projects
from logserver.core.faults import Forbidden, NotFound
from logserver.core.fleet import agents
from logserver.core.fleet.agents import Agent
from logserver.core.people import members
from logserver.core.people.accounts import User
from logserver.core.people.members import Standing
from logserver.core.projects import Project
from logserver.store.tx import Tx
from logserver.web.visit import Visit


class Seen(NamedTuple):
    """An agent that who asks may see."""

    agent: Agent
    project: Project
    standing: Standing

    @property
    def owns(self) -> bool:
        """Whether it may be changed."""
        return self.standing != "member"

    def require_owner(self) -> None:
        """Raise Forbidden for a mere member."""
        if not self.owns:
            raise Forbidden("only owners of the agent's project, and admins, may do this")


def find(tx: Tx, visit: Visit) -> Seen:
    """The agent of the path, with its status of this moment; raises NotFound for one that is hidden too."""
    agent = agents.read(tx, visit.request.params["agent"], visit.site.resources.presence.moment())
    standing = standing_of(tx, agent, visit.user)
    if standing is None:
        raise NotFound("there is no such agent")
    return Seen(agent, projects.by_number(tx, agent.project), standing)


def standing_of(tx: Tx, agent: Agent, user: User) -> Standing | None:
    """What a user may do with an agent; None where it does not even see that it exists."""
    return members.standing(tx, projects.by_number(tx, agent.project), user)


def projects_of(visit: Visit) -> dict[int, Project]:
    """The projects in use that who asks sees, by number."""
    return {project.number: project for project in (visit.who.projects if visit.who else ())}
