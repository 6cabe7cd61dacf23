"""What people do with agents beside them: rules are made and changed, and what was counted is looked at."""

import http.client
import json
from contextlib import closing
from pathlib import Path
from time import time
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from logserver.core import projects, tokens
from logserver.store.connections import connect_readonly
from logserver.store.database import transaction
from tests.serving import signed_in
from tests.whole.process import PATIENCE, Server

Counted = dict[tuple[str, str], float]
"""Totals by metric and agent."""


class Fleet:
    """The keys of a project for agents and of a person, on the folder of a server that may come and go."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        now = int(time() * 1000)
        with transaction(folder) as tx:
            project = projects.create(tx, slug="edge", now_ms=now)
            self.edge_key = tokens.issue(tx, kind="edge", name="edge", project=project, now_ms=now).secret
            self._project_token = tokens.issue(tx, kind="project", name="app", project=project, now_ms=now).secret
            self.person = signed_in(tx, "ada@example.com", "admin", now)

    def ask(self, server: Server, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        """What the server answers, which must be a success."""
        connection = http.client.HTTPConnection(server.host, server.port, timeout=PATIENCE)
        headers = {"Authorization": f"Bearer {token or self.person}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            raw = response.read()
        finally:
            connection.close()
        assert response.status < 300, (response.status, raw)
        return json.loads(raw) if response.headers.get_content_type() == "application/json" else raw.decode()

    def make_rules(self, server: Server, *metrics: dict[str, Any]) -> dict[str, Any]:
        """Have all agents count; returns what change_rules() takes."""
        made: dict[str, Any] = self.ask(
            server, "POST", "/api/v1/metric-configs", {"name": "shop", "log_source": "", "metrics": list(metrics)}
        )
        return made

    def change_rules(self, server: Server, made: dict[str, Any], *metrics: dict[str, Any]) -> None:
        """Have them count something else."""
        body = {"name": "shop", "log_source": "", "enabled": True, "metrics": list(metrics), "version": made["version"]}
        self.ask(server, "PUT", f"/api/v1/metric-configs/{made['id']}", body)

    def counted(self) -> Counted:
        """The totals of all counters in the store."""
        with closing(connect_readonly(self._folder)) as connection:
            rows = connection.execute(
                "SELECT m.name, a.name, m.value FROM agent_metrics m JOIN agents a ON a.id = m.agent"
                " WHERE m.type = 'counter'"
            ).fetchall()
        return {(metric, agent): value for metric, agent, value in rows}

    def scraped(self, server: Server) -> Counted:
        """The same as a scraper sees it."""
        text = self.ask(server, "GET", "/metrics/agents", token=self._project_token)
        return {
            (sample.name.removesuffix("_total"), sample.labels["agent"]): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
