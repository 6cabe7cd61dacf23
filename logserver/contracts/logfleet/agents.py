"""Agents as people manage them: listed, made ready, changed, configured and deleted."""

from collections.abc import Callable
from typing import Any

from logserver.api.fields import Fields, InvalidQuery, object_of
from logserver.api.handler import Reply
from logserver.api.hot import Work
from logserver.api.look import Question
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.contracts.logfleet import agent_wire
from logserver.contracts.logfleet.agent_fields import (
    MAX_HOSTNAME,
    MAX_LABEL,
    MAX_LABEL_VALUE,
    MAX_VERSION,
    config_of,
    labels_of,
    name_of,
    text_of,
)
from logserver.contracts.logfleet.paging import sheet_of
from logserver.core.fleet import agents, landing, presence
from logserver.core.fleet.agents import Agent
from logserver.core.live.agent_links import MOVED
from logserver.core.times import iso_text
from logserver.store.tx import Tx

MOST_LABELS_ASKED = 10
_MAX_PROJECT = 100
_LARGEST_VERSION = 999_999_999


class AgentHandlers:
    """The handlers of ``/api/v1/agents``, over a server's resources."""

    def __init__(self, resources: Resources) -> None:
        self._clock = resources.clock
        self._presence = resources.presence
        self._live = resources.live

    def list_(self, request: Request) -> Question:
        """GET /api/v1/agents: a page of the agents by name, of a status and with labels."""
        sheet = sheet_of(request)
        fields = Fields(request.query(), query=True)
        status = fields.choice("status", agents.STATUSES)
        fields.done()
        labels = _asked_labels(request)

        def look(tx: Tx) -> tuple[list[Agent], int]:
            moment = self._presence.moment()
            return agents.page(tx, moment, offset=sheet.offset, limit=sheet.size, status=status, labels=labels)

        def finish(found: tuple[list[Agent], int]) -> Reply:
            listed, total = found
            return Reply(200, sheet.filled(listed, total, shown_agent))

        return Question(look, (), finish)

    def create(self, request: Request) -> Work:
        """POST /api/v1/agents: an agent that may register itself later."""
        sent = object_of(request)
        fields = Fields(sent)
        name = name_of(fields, required=True) or ""
        values = _described(fields, sent)
        config = config_of(fields, sent)
        project_id = fields.text("project_id", longest=_MAX_PROJECT)
        fields.done()
        given = {field: value for field, value in values.items() if value is not None}

        def create(tx: Tx) -> Agent:
            now = self._clock.now_ms()
            project = landing.project(tx, project_id, now)
            return agents.create(tx, name=name, project=project, now_ms=now, config=config, **given)

        return Work(create, (), 0, 0, _answer(201))

    def show(self, request: Request) -> Question:
        """GET /api/v1/agents/{id}."""
        return Question(self._read, (request.params["id"],), _answer(200))

    def change(self, request: Request) -> Work:
        """PATCH /api/v1/agents/{id}: what is not sent stays."""
        sent = object_of(request)
        fields = Fields(sent)
        values = {"name": name_of(fields), **_described(fields, sent)}
        project_id = fields.text("project_id", longest=_MAX_PROJECT)
        if fields.given("config"):
            fields.wrong("config", "Is changed by PUT /api/v1/agents/{id}/config")
        if fields.given("status"):
            fields.wrong("status", "Follows from the agent's heartbeats")
        fields.done()

        def change(tx: Tx, agent_id: str) -> Agent:
            now = self._clock.now_ms()
            agent = agents.read(tx, agent_id)
            project = landing.project(tx, project_id, now) if project_id is not None else None
            changed = agents.change(tx, agent, now_ms=now, project=project, **values)
            presence.moved(tx, agent, changed, now)
            return self._read(tx, agent_id)

        def finish(agent: Agent) -> Reply:
            if project_id is not None:
                # Its connection was opened with a key of the project it has left, perhaps.
                self._live.links.end(agent.uuid, MOVED)
            return Reply(200, shown_agent(agent))

        return Work(change, (request.params["id"],), 0, 0, finish)

    def delete(self, request: Request) -> Work:
        """DELETE /api/v1/agents/{id}."""

        def delete(tx: Tx, agent_id: str) -> None:
            agent = agents.read(tx, agent_id)
            presence.gone(tx, agent, self._clock.now_ms())
            agents.delete(tx, agent)

        def finish(_: None) -> Reply:
            self._live.delete_agent(request.params["id"].lower())
            return Reply(204)

        return Work(delete, (request.params["id"],), 0, 0, finish)

    def show_config(self, request: Request) -> Question:
        """GET /api/v1/agents/{id}/config."""
        return Question(self._read, (request.params["id"],), _answer_config)

    def replace_config(self, request: Request) -> Work:
        """PUT /api/v1/agents/{id}/config: only on top of the version that is stored."""
        sent = object_of(request)
        fields = Fields(sent)
        config = config_of(fields, sent, required=True) or {}
        version = fields.integer("version", 1, _LARGEST_VERSION, required=True) or 0
        fields.done()

        def replace(tx: Tx, agent_id: str) -> Agent:
            return agents.configure(tx, agent_id, config, version, self._clock.now_ms())

        return Work(replace, (request.params["id"],), 0, 0, _answer_config)

    def _read(self, tx: Tx, agent_id: str) -> Agent:
        return agents.read(tx, agent_id, self._presence.moment())


def shown_agent(agent: Agent) -> agent_wire.Agent:
    """An agent as it is answered."""
    return agent_wire.Agent(
        id=agent.uuid,
        name=agent.name,
        hostname=agent.hostname,
        version=agent.version,
        status=agent.status,
        labels=agent.labels,
        last_heartbeat_at=_time(agent.last_heartbeat_at) if agent.last_heartbeat_at is not None else None,
        metrics=agent.metrics,
        project_id=agent.project_id,
        config=agent.config,
        config_version=agent.config_version,
        created_at=_time(agent.created_at),
        updated_at=_time(agent.updated_at),
    )


def _described(fields: Fields, sent: dict[str, Any]) -> dict[str, Any]:
    """What a person or the agent itself says of it beside its name."""
    return {
        "hostname": text_of(fields, sent, "hostname", MAX_HOSTNAME),
        "version": text_of(fields, sent, "version", MAX_VERSION),
        "labels": labels_of(fields, sent),
    }


def _asked_labels(request: Request) -> list[tuple[str, str]]:
    """The labels a list is asked for; raises InvalidQuery for what is not spelled ``key:value``."""
    asked = request.values("label")
    if len(asked) > MOST_LABELS_ASKED:
        raise InvalidQuery([("label", f"Must be at most {MOST_LABELS_ASKED} of them")])
    labels = []
    for label in asked:
        key, colon, value = label.partition(":")
        if not key or not colon or len(key) > MAX_LABEL or len(value) > MAX_LABEL_VALUE:
            raise InvalidQuery([("label", "Must be key:value")])
        labels.append((key, value))
    return labels


def _answer(status: int) -> Callable[[Agent], Reply]:
    return lambda agent: Reply(status, shown_agent(agent))


def _answer_config(agent: Agent) -> Reply:
    return Reply(200, agent_wire.Config(agent.config, agent.config_version))


def _time(ms: int) -> str:
    return iso_text(ms * 1000)
