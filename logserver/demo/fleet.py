"""Its agents: what they count, and that they are heard of."""

import random

from logserver.core.fleet import agents, presence
from logserver.core.fleet.agents import Agent
from logserver.core.fleet.presence import Heartbeat
from logserver.core.metrics import configs, points
from logserver.core.metrics.configs import Draft
from logserver.core.metrics.readings import Reading
from logserver.core.metrics.rules import MetricRule
from logserver.core.projects import by_slug
from logserver.demo.calendar import Calendar
from logserver.demo.company import ENVIRONMENT, HOUR_MS
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx

_AGENTS = (("web-1", "storefront"), ("web-2", "storefront"), ("dock-gateway", "dock-api"))
_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, float("inf"))
_CONFIG = Draft(
    name="nginx access log",
    description="Requests by status, and how long they took.",
    log_source="/var/log/nginx/access.log",
    metrics=[
        MetricRule(
            name="nginx_requests",
            type="counter",
            description="By class",
            pattern=r'" (?P<status>\d)\d\d ',
            labels=["status"],
        ),
        MetricRule(
            name="nginx_seconds",
            type="histogram",
            pattern=r"rt=(?P<seconds>[0-9.]+)",
            value_capture="$seconds",
            buckets=list(_BOUNDS[:-1]),
        ),
    ],
)


def make(tx: Tx, now_ms: int) -> None:
    """Make the agents, and what they are to count."""
    for name, project in _AGENTS:
        agents.create(
            tx,
            name=name,
            project=by_slug(tx, project),
            now_ms=now_ms,
            hostname=f"{name}.harbourbikes.example",
            version="1.0.0",
            labels={"environment": ENVIRONMENT, "region": "eu-north"},
            config={"files": ["/var/log/nginx/access.log", "/srv/*/log/*.log"], "heartbeat_seconds": 30},
        )
    configs.create(tx, _CONFIG, now_ms)


class Counting:
    """What the agents count; the same ``dice`` make the same points."""

    def __init__(self, calendar: Calendar, dice: random.Random) -> None:
        self._calendar = calendar
        self._dice = dice

    def take_hour(self, tx: WriteTx, hour_ms: int) -> None:
        """Store the points of the hour from a time, and the heartbeats at its end."""
        until = min(hour_ms + HOUR_MS, self._calendar.now_ms)
        for name, _ in _AGENTS:
            agent = agents.by_name(tx, name)
            if agent is None:
                continue
            readings = [reading for at_ms in range(hour_ms, until, 600_000) for reading in self._readings(at_ms)]
            points.take(tx, agent, readings, batch_id=None, environment=ENVIRONMENT, now_ms=until)
            self._beat(tx, agent, until)

    def _readings(self, at_ms: int) -> list[Reading]:
        busy, ill = self._calendar.busy(at_ms), self._calendar.in_incident(at_ms)
        served, failed = 40 + 900 * busy * self._dice.uniform(0.8, 1.2), self._dice.expovariate(0.7) + 220 * ill
        shares = (0.1, 0.3, 0.4, 0.1, 0.06, 0.03, 0.01) if ill else (0.62, 0.2, 0.11, 0.05, 0.015, 0.004, 0.001)
        buckets = {bound: round(served * share) for bound, share in zip(_BOUNDS, shares, strict=True)}
        total = sum(min(bound, 5.0) * 0.7 * n for bound, n in buckets.items())
        return [
            Reading("nginx_requests", "counter", (("status", "2"),), at_ms, round(served)),
            Reading("nginx_requests", "counter", (("status", "5"),), at_ms, round(failed)),
            Reading("nginx_seconds", "histogram", (), at_ms, total, buckets),
        ]

    def _beat(self, tx: Tx, agent: Agent, at_ms: int) -> None:
        busy = self._calendar.busy(at_ms)
        metrics = {
            "cpu_percent": round(8 + 55 * busy + self._dice.uniform(0, 6), 1),
            "memory_percent": round(38 + 20 * busy, 1),
            "disk_percent": 61.4 if agent.name != "dock-gateway" else 93.2,
        }
        status = Heartbeat("error" if agent.name == "dock-gateway" else "online", metrics=metrics)
        presence.beat(tx, agent, status, at_ms)
