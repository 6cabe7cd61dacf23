"""Metric configs and points, as they are sent."""

from typing import Any

from httpx2 import Response

from logserver.store import sketch
from logserver.store.sketch import Sketch
from tests.contracts.logfleet.fleet import ask, told
from tests.serving import Sender, Server

CONFIGS = "/api/v1/metric-configs"
METRICS = "/api/v1/edge/metrics"
SCRAPE = "/metrics/agents"


def rule(**fields: Any) -> dict[str, Any]:
    usual = {"name": "errors_total", "type": "counter", "pattern": "ERROR"}
    return {name: value for name, value in (usual | fields).items() if value is not ...}


def config(*rules: dict[str, Any], **fields: Any) -> dict[str, Any]:
    usual = {"name": "nginx", "metrics": list(rules) or [rule()]}
    return {name: value for name, value in (usual | fields).items() if value is not ...}


def made(server: Server, admin: str, sent: dict[str, Any]) -> dict[str, Any]:
    """A config that was not there before."""
    return told(ask(server, "POST", CONFIGS, admin, sent), 201)


def point(name: Any = "errors_total", kind: str = "counter", value: Any = 1, **fields: Any) -> dict[str, Any]:
    sent = {"name": name, "type": kind, "value": value, **fields}
    return {name: value for name, value in sent.items() if value is not ...}


def histogram(buckets: dict[str, int], total: float, **fields: Any) -> dict[str, Any]:
    usual = {"name": "seconds", "type": "histogram", "buckets": buckets, "sum": total, "count": sum(buckets.values())}
    return {name: value for name, value in (usual | fields).items() if value is not ...}


def send(server: Server, key: str, agent: dict[str, Any], *points: dict[str, Any], **fields: Any) -> Response:
    """Points of an agent, named in the path."""
    body = {"points": list(points), **fields}
    return ask(server, "POST", f"/api/v1/edge/agents/{agent['id']}/metrics", key, body)


def charted(server: Server, sender: Sender) -> dict[tuple[str, int], Sketch]:
    """What charts show of a project's metrics, by name and Unix minute."""
    rows = server.rows(
        "SELECT s.name, k.minute, k.n, k.errors, k.total, k.low, k.high, k.buckets FROM sketches k"
        " JOIN series s ON s.id = k.series WHERE k.project = ? AND s.kind = 'metric'",
        sender.project.number,
    )
    return {(name, minute): sketch.unpack((n, errors, *rest)) for name, minute, n, errors, *rest in rows}
