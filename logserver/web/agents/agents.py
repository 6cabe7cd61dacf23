"""Edge agents: the list of those that who asks may see, and the page of each."""

from typing import Any, NamedTuple

import msgspec
from starlette.responses import Response

from logserver.api.addresses import origin
from logserver.core import nesting
from logserver.core.faults import Invalid, Stale
from logserver.core.fleet import agents, presence
from logserver.core.fleet.agents import STATUSES, Agent
from logserver.core.lines.levels import LEVELS
from logserver.core.live import stream_sessions
from logserver.core.live.stream_sessions import StreamSession
from logserver.core.metrics import configs
from logserver.core.metrics.configs import Config
from logserver.store.tx import Tx
from logserver.web import formats
from logserver.web.agents import live, sight
from logserver.web.agents.sight import Seen
from logserver.web.differences import beside
from logserver.web.forms import whole
from logserver.web.problems import by_field
from logserver.web.visit import Visit

A_PAGE = 100
CONFIG_BYTES = 32 * 1024
CONFIG_DEPTH = 16
_CONFIG_VALUES = 10_000
_SHARES = ("cpu", "memory", "disk")


class _Found(NamedTuple):
    seen: Seen
    rules: list[Config]
    sessions: list[StreamSession]


class Refused(NamedTuple):
    """A configuration that was not saved: as it was sent, and why."""

    text: str
    fault: Invalid | Stale


async def index(visit: Visit) -> Response:
    """The agents of the projects that who asks sees; of a status and with a text in their name or host."""
    status, text = visit.query.get("status", ""), visit.query.get("q", "").strip()[:200]
    if status and status not in STATUSES:
        raise Invalid([("status", f"must be one of {', '.join(STATUSES)}")])
    page = max(whole(visit.query.get("page", "")[:6]) or 1, 1)
    projects = sight.projects_of(visit)

    def look(tx: Tx) -> tuple[list[Agent], int]:
        return agents.page(
            tx,
            visit.site.resources.presence.moment(),
            offset=(page - 1) * A_PAGE,
            limit=A_PAGE,
            status=status or None,
            projects=list(projects),
            text=text,
        )

    found, total = await visit.site.resources.database.read(look)
    asked = {"status": status, "q": text}
    return visit.page(
        "agents/agents.html",
        rows=[(agent, projects[agent.project], measured(agent)) for agent in found],
        total=total,
        status=status,
        text=text,
        statuses=STATUSES,
        start=_start(visit, next((project.slug for project in projects.values() if not project.system), "my-project")),
        newer=visit.url("/agents", **asked, page=page - 1) if page > 1 else None,
        older=visit.url("/agents", **asked, page=page + 1) if page * A_PAGE < total else None,
    )


async def show(visit: Visit) -> Response:
    """An agent: how it is, its configuration, the rules that it applies, and who watches its lines."""
    return await _page(visit)


async def configure(visit: Visit) -> Response:
    """Replace the configuration of an agent, on top of the version that the form was made from."""
    text, version = visit.form.get("config"), whole(visit.form.get("version")) or 0

    def write(tx: Tx) -> Agent:
        seen = sight.find(tx, visit)
        seen.require_owner()
        return agents.configure(tx, seen.agent.uuid, _config(text), version, visit.now_ms)

    try:
        agent = await visit.site.resources.database.write(write)
    except (Invalid, Stale) as fault:
        return await _page(visit, Refused(text, fault))
    said = f"Version {agent.config_version} is saved; the agent is told with its next heartbeat."
    return visit.see(visit.url(f"/agents/{agent.uuid}"), said)


async def delete(visit: Visit) -> Response:
    """Delete an agent with what is kept of it alone; one that still runs registers again."""

    def write(tx: Tx) -> Agent:
        seen = sight.find(tx, visit)
        seen.require_owner()
        presence.gone(tx, seen.agent, visit.now_ms)
        agents.delete(tx, seen.agent)
        return seen.agent

    agent = await visit.site.resources.database.write(write)
    visit.site.resources.live.delete_agent(agent.uuid)
    return visit.see(visit.url("/agents"), f"{agent.name} is deleted. Its lines and series stay.")


def measured(agent: Agent) -> dict[str, float | None]:
    """The newest share (0 to 1) of the machine's CPU, memory and disk in use, by name."""
    found: dict[str, float | None] = {}
    for name in _SHARES:
        value = agent.metrics.get(name, agent.metrics.get(f"{name}_percent"))
        found[name] = min(max(value / 100, 0.0), 1.0) if isinstance(value, int | float) else None
    return found


async def _page(visit: Visit, refused: Refused | None = None) -> Response:
    def look(tx: Tx) -> _Found:
        seen = sight.find(tx, visit)
        _, rules = configs.for_agent(tx, seen.agent.uuid)
        return _Found(seen, rules, stream_sessions.of_agent(tx, seen.agent.number, limit=10))

    seen, rules, sessions = await visit.site.resources.database.read(look)
    stored = formats.pretty(seen.agent.config)
    stale = refused is not None and isinstance(refused.fault, Stale)
    return visit.page(
        "agents/agent.html",
        409 if stale else 422 if refused else 200,
        agent=seen.agent,
        project=seen.project,
        owns=seen.owns,
        measured=measured(seen.agent),
        minutes=live.MINUTES,
        levels=LEVELS,
        metrics={name: value for name, value in sorted(seen.agent.metrics.items()) if name not in _SHARES},
        stored=stored,
        config=refused.text if refused else stored,
        pairs=beside(stored, _normal(refused.text)) if refused and stale else [],
        problems=by_field(refused.fault) if refused and isinstance(refused.fault, Invalid) else {},
        rules=rules,
        sessions=[session for session in sessions if visit.is_admin or session.user == visit.user.uuid],
        watched=sum(session.status == "active" for session in sessions),
    )


def _start(visit: Visit, slug: str) -> str:
    """Two lines for a shell: the key of an agent, and the agent itself."""
    resources = visit.site.resources
    reached = origin(visit.request, resources.gate, resources.public_url)
    return (
        f"export LOGSERVER_AGENT_KEY=$(logserver token create web --kind edge --project {slug})\n"
        f"logserver agent --server {reached} --ship --follow '/var/log/nginx/*.log'"
    )


def _config(text: str) -> dict[str, Any]:
    """A configuration as it is typed; raises Invalid."""
    if len(text.encode()) > CONFIG_BYTES:
        raise Invalid([("config", f"Must be at most {CONFIG_BYTES:,} bytes")])
    try:
        config = msgspec.json.decode(text or "{}")
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid([("config", f"Is not valid JSON: {error}")]) from None
    if not isinstance(config, dict):
        raise Invalid([("config", "Must be a JSON object")])
    if (problem := nesting.excess(config, levels=CONFIG_DEPTH, most=_CONFIG_VALUES)) is not None:
        raise Invalid([("config", problem)])
    return config


def _normal(text: str) -> str:
    """A configuration spelled as stored ones are shown, so that only what differs is marked."""
    try:
        return formats.pretty(_config(text))
    except Invalid:
        return text
