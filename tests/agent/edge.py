"""A small real server with the edge API, which keeps what agents send and fails as a test wants it to."""

import gzip
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple, Self

PATIENCE = 30.0
"""Seconds after which something that should have happened is given up on."""

KEY = "lf_prod_made-up"


class Said(NamedTuple):
    """An answer of the server."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = MappingProxyType({})


Refuse = Callable[[Any], Said | None]
"""From what was sent to a refusal, or None where it is taken."""


class Edge:
    """Listens on a loopback port from its making to the end of its ``with``; the same port can be taken again."""

    def __init__(self, port: int = 0) -> None:
        self.configs: list[dict[str, Any]] = []
        self.version = 1
        self.agents: dict[str, str] = {}
        """Ids by name."""
        self.points: dict[str, list[dict[str, Any]]] = {}
        """What was taken, by batch_id."""
        self.lines: dict[str, dict[str, Any]] = {}
        """What was taken, by id."""
        self.again = 0
        """Batches and lines that had been taken before."""
        self.calls: Counter[str] = Counter()
        """Requests by the last part of their path."""
        self.heartbeats: list[dict[str, Any]] = []
        self.streams: list[dict[str, Any]] = []
        self.posted: list[dict[str, Any]] = []
        self._refusals: dict[str, Refuse] = defaultdict(lambda: lambda _: None)
        self._changed = threading.Condition()
        edge = self

        class Handler(_Handler):
            def answer(self, body: Any) -> Said:
                return edge.answer(self.path, body, dict(self.headers.items()))

        self._server = _Server(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def rules(self, *metrics: dict[str, Any], log_source: str = "") -> None:
        """Tell agents to count by these rules from now on."""
        with self._changed:
            self.version += 1
            self.configs = [{"id": "1", "name": "rules", "log_source": log_source, "metrics": list(metrics)}]

    def refuse(self, what: str, refuse: Refuse | Said | None) -> None:
        """Answer requests to a path that ends so with something else; None: as usual again."""
        with self._changed:
            if refuse is None:
                self._refusals.pop(what, None)
            else:
                self._refusals[what] = refuse if callable(refuse) else lambda _: refuse

    def total(self, name: str) -> float:
        """The sum of a counter over all that was taken."""
        points = [point for points in self.points.values() for point in points if point["name"] == name]
        return float(sum(point["value"] for point in points))

    def until(self, true: Callable[[], bool]) -> bool:
        """Wait until something is true that what agents send decides."""
        with self._changed:
            return self._changed.wait_for(true, PATIENCE)

    def answer(self, path: str, body: Any, headers: dict[str, str]) -> Said:
        with self._changed:
            try:
                return self._answer(path, body, headers)
            finally:
                self._changed.notify_all()

    def _answer(self, path: str, body: Any, headers: dict[str, str]) -> Said:
        parts = path.removeprefix("/api/v1/edge/").split("/")
        what = parts[-1]
        self.calls[what] += 1
        if headers.get("X-API-Key") != KEY:
            return Said(401, {"error": "unauthorized", "message": "Unauthorized"})
        if (refusal := self._refusals[what](body)) is not None:
            return refusal
        if what == "register":
            known = body["name"] in self.agents
            agent = self.agents.setdefault(body["name"], f"agent-{len(self.agents) + self.calls['register']}")
            return Said(200 if known else 201, {"id": agent, "name": body["name"]})
        if parts[1] not in self.agents.values():
            return Said(404, {"error": "not_found", "message": "there is no such agent"})
        return getattr(self, f"_{what.replace('-', '_')}")(body, headers)  # type: ignore[no-any-return]  # each is one of the methods below

    def _heartbeat(self, body: Any, _headers: dict[str, str]) -> Said:
        self.heartbeats.append(body)
        return Said(200, {"status": "acknowledged", "config_version": 1, "streams": self.streams})

    def _metric_config(self, _body: Any, headers: dict[str, str]) -> Said:
        etag = f'"{self.version}"'
        if headers.get("If-None-Match") == etag:
            return Said(304, None, {"ETag": etag})
        return Said(200, {"version": self.version, "configs": self.configs}, {"ETag": etag})

    def _metrics(self, body: Any, _headers: dict[str, str]) -> Said:
        self.again += body["batch_id"] in self.points
        self.points[body["batch_id"]] = body["points"]
        return Said(202, {"accepted": len(body["points"])})

    def _logs(self, body: Any, _headers: dict[str, str]) -> Said:
        known = sum(line["id"] in self.lines for line in body["logs"])
        self.again += known
        self.lines |= {line["id"]: line for line in body["logs"]}
        return Said(202, {"accepted": len(body["logs"]) - known, "duplicates": known})

    def _stream(self, body: Any, _headers: dict[str, str]) -> Said:
        if body is None:
            return Said(404, {"error": "not_found", "message": "no WebSockets here"})
        self.posted.append(body)
        return Said(202, {"accepted": len(body["logs"])})


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Nothing: an agent may leave when it wants."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE

    def answer(self, body: Any) -> Said:
        raise NotImplementedError

    def do_GET(self) -> None:
        self._say(self.answer(None))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        self._say(self.answer(json.loads(raw)))

    def _say(self, said: Said) -> None:
        body = b"" if said.body is None else json.dumps(said.body).encode()
        self.send_response(said.status)
        for name, value in said.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: the tests look at what was kept."""
