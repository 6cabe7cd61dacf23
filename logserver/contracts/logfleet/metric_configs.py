"""Metric configs over HTTP: made, listed, changed, deleted and tried by people, and read by agents."""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import msgspec

from logserver.api.fields import Fields, object_of
from logserver.api.handler import Reply
from logserver.api.hot import Work
from logserver.api.look import Question
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.contracts.logfleet import metrics_wire as wire
from logserver.contracts.logfleet.edge import landing_of
from logserver.contracts.logfleet.paging import sheet_of
from logserver.core.aside import Aside
from logserver.core.faults import Invalid
from logserver.core.fleet import agents
from logserver.core.metrics import checks, configs, trials
from logserver.core.metrics.configs import Config, Draft
from logserver.core.times import iso_text
from logserver.store.tx import Tx

MAX_BODY = 256 * 1024
"""Bytes of a config, or of a config and the lines it is tried on."""

_AT_A_TIME = 2
_encode = msgspec.json.Encoder().encode
T = TypeVar("T")


class MetricConfigHandlers:
    """The handlers of ``/api/v1/metric-configs``, and of an agent's view of them."""

    def __init__(self, resources: Resources) -> None:
        self._clock = resources.clock
        self._database = resources.database
        # Compiling somebody's patterns takes its time, which is nobody else's.
        self._aside = Aside(_AT_A_TIME)

    async def create(self, request: Request) -> Reply:
        """POST /api/v1/metric-configs: another config."""
        sent = object_of(request, MAX_BODY)
        draft = await self._aside.run(_draft, sent, Fields(sent))
        made = await self._database.write(configs.create, draft, self._clock.now_ms())
        return Reply(201, _shown(made))

    async def replace(self, request: Request) -> Reply:
        """PUT /api/v1/metric-configs/{id}: something else in the place of the version that is named."""
        sent = object_of(request, MAX_BODY)
        fields = Fields(sent)
        version = fields.integer("version", 1, 999_999_999, required=True) or 0
        draft = await self._aside.run(_draft, sent, fields)
        config_id = request.params["id"]
        held = await self._database.write(configs.replace, config_id, draft, version, self._clock.now_ms())
        return Reply(200, _shown(held))

    async def test(self, request: Request) -> Reply:
        """POST /api/v1/metric-configs/test: what a config, stored or not, would yield of some lines."""
        sent = object_of(request, MAX_BODY)
        fields = Fields(sent)
        lines = fields.texts("lines")
        if lines is None and not fields.problems:
            fields.wrong("lines", "Required")
        elif lines is not None and len(lines) > trials.MAX_LINES:
            fields.wrong("lines", f"Must be at most {trials.MAX_LINES}")
        elif lines is not None and max(map(len, lines), default=0) > trials.MAX_LINE:
            fields.wrong("lines", f"Must be at most {trials.MAX_LINE} characters each")
        config = sent.get("config")
        if not isinstance(config, dict):
            fields.wrong("config", "Required" if config is None else "Expected object")
        fields.done()
        found = await self._aside.run(_tried, config or {}, lines or (), self._clock.monotonic)
        return Reply(200, wire.TestAnswer(found))

    def list_(self, request: Request) -> Question:
        """GET /api/v1/metric-configs: a part of them, in the order they were made."""
        sheet = sheet_of(request)

        def finish(found: tuple[list[Config], int]) -> Reply:
            return Reply(200, sheet.filled(*found, _shown))

        return Question(configs.page, (sheet.offset, sheet.size), finish)

    def show(self, request: Request) -> Question:
        """GET /api/v1/metric-configs/{id}: one of them."""
        return Question(configs.read, (request.params["id"],), lambda config: Reply(200, _shown(config)))

    def delete(self, request: Request) -> Work:
        """DELETE /api/v1/metric-configs/{id}: agents stop applying it."""
        return Work(configs.delete, (request.params["id"],), 0, 0, lambda _outcome: Reply(204))

    def of_agent(self, request: Request) -> Question:
        """GET /api/v1/edge/agents/{id}/metric-config: what the agent is to apply."""
        return _told(request, request.params["id"])

    def synced(self, request: Request) -> Question:
        """GET /api/v1/edge/sync-config?agent_id=: the same."""
        fields = Fields(request.query(), query=True)
        agent_id = fields.text("agent_id", longest=100, required=True) or ""
        fields.done()
        return _told(request, agent_id)


def _draft(sent: dict[str, Any], fields: Fields, *, named: bool = True) -> Draft:
    """What a request says of a config; raises Invalid with everything that is wrong."""
    name = fields.text("name", longest=configs.MAX_NAME, required=named)
    description = _text(fields, sent, "description", configs.MAX_DESCRIPTION)
    source = _text(fields, sent, "log_source", checks.MAX_SOURCE)
    enabled = fields.boolean("enabled")
    agent_ids = fields.texts("agent_ids")
    if agent_ids is not None and len(agent_ids) > configs.MAX_AGENTS:
        fields.wrong("agent_ids", f"Must be at most {configs.MAX_AGENTS}")
    _gathered(fields, partial(checks.check_source, source))
    metrics = _gathered(fields, partial(checks.checked, sent.get("metrics")))
    fields.done()
    return Draft(
        name=name or "",
        description=description,
        log_source=source,
        enabled=enabled is not False,
        agent_ids=agent_ids,
        metrics=metrics or [],
    )


def _text(fields: Fields, sent: dict[str, Any], name: str, longest: int) -> str:
    """A text that may be empty."""
    return "" if sent.get(name) == "" else fields.text(name, longest=longest) or ""


def _gathered(fields: Fields, check: Callable[[], T]) -> T | None:
    """What a check gives, its problems noted with the others."""
    try:
        return check()
    except Invalid as error:
        for field, message in error.problems:
            fields.wrong(field, message)
        return None


def _tried(config: dict[str, Any], lines: tuple[str, ...], monotonic: Callable[[], float]) -> list[wire.Result]:
    draft = _draft(config, Fields(config, "config."), named=False)
    found = trials.tried(draft.metrics, lines, monotonic)
    return [
        wire.Result(
            line,
            [wire.Match(one.rule.name, one.rule.type, one.value, dict(one.labels)) for one in matches],
        )
        for line, matches in zip(lines, found, strict=True)
    ]


def _told(request: Request, agent_id: str) -> Question:
    """What an agent is to apply, or that it has not changed."""
    project, known = landing_of(request), request.headers.get(b"if-none-match", b"")

    def look(tx: Tx) -> bytes:
        version, found = configs.for_agent(tx, agents.acting(tx, agent_id, project).uuid)
        return _encode(wire.AgentConfigs(version, [_shown(config) for config in found]))

    def finish(body: bytes) -> Reply:
        tag = b'"%b"' % hashlib.sha256(body).hexdigest()[:32].encode()
        tags = {one.strip().removeprefix(b"W/") for one in known.split(b",")}
        headers = ((b"etag", tag), (b"cache-control", b"no-cache"))
        return Reply(304, headers=headers) if tag in tags or b"*" in tags else Reply(200, body, headers)

    return Question(look, (), finish)


def _shown(config: Config) -> wire.Config:
    return wire.Config(
        config.id,
        config.name,
        config.description,
        config.log_source,
        config.enabled,
        None if config.agent_ids is None else list(config.agent_ids),
        config.metrics,
        config.version,
        iso_text(config.created_at * 1000),
        iso_text(config.updated_at * 1000),
    )
