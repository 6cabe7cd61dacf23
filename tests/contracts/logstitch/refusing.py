"""What every route of the contract refuses in the same words: requests of whom it does not serve, and broken ones."""

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlencode

from httpx2 import Response

from logserver.api.fields import CONTROL_BYTES
from tests.contracts.logstitch.asked import ask
from tests.serving import Sender, Serve, Server

UNKNOWN = "0190b3a4-9c3e-4e6f-8a2b-3c4d5e6f7a8b"


class Route(NamedTuple):
    """A route and a request to it that is granted; ``{id}`` in its path is for something of its sender's."""

    method: str
    path: str
    status: int
    body: Any = None
    master: bool = False
    """Whether it takes a master key."""
    limit: int = CONTROL_BYTES


class Scene:
    """A server on which a route is asked: with Ann's project and key, another's, and a master key."""

    def __init__(self, server: Server, route: Route, thing: Callable[[Server, Sender], str]) -> None:
        self.server = server
        self.ann = server.sender("ann")
        self.other = server.sender("other")
        self.master = server.token(self.ann.project, "master")
        self.route = route
        self.thing = thing(server, self.ann)

    def ask(self, token: str | None, body: Any = ..., **query: Any) -> Response:
        """The route's request by somebody, with another body where one is given."""
        route = self.route
        path = route.path.format(id=self.thing)
        return ask(self.server, route.method, path, token, route.body if body is ... else body, **query)

    def granted(self) -> Response:
        """The route's request by one who may."""
        if self.route.master:
            return self.ask(self.master, project_id=self.ann.project.uuid)
        return self.ask(self.ann.token)

    def raw(self, body: bytes) -> Response:
        """The route's request by one who may, with these bytes."""
        path = f"{self.route.path.format(id=self.thing)}?{urlencode({'project_id': self.ann.project.slug})}"
        headers = {"Authorization": f"Bearer {self.master}", "Content-Type": "application/json"}
        return self.server.client.request(self.route.method, path, content=body, headers=headers)


def told(answer: Response, status: int) -> Any:
    """The JSON of an answer of this status, which carries the id of its request; a refusal in its one shape."""
    body = answer.json()
    assert answer.status_code == status, body
    assert body["request_id"].startswith("req_")
    assert answer.headers["x-request-id"] == body["request_id"]
    if status >= 400:
        assert list(body) == ["error", "request_id"]
        assert {"code", "message"} <= body["error"].keys() <= {"code", "message", "details"}
    return body


def refused(answer: Response, status: int, code: str) -> Response:
    """An answer that is a refusal of this status and code."""
    assert told(answer, status)["error"]["code"] == code
    return answer


def works(scene: Scene) -> None:
    answer = scene.granted()
    told(answer, scene.route.status)
    assert answer.headers["x-ratelimit-limit"] == "2"
    assert answer.headers["x-ratelimit-remaining"] == "1"
    assert int(answer.headers["x-ratelimit-reset"]) > 0


def no_token(scene: Scene) -> None:
    for token in (None, "pk_unknown", "mk_unknown"):
        answer = refused(scene.ask(token), 401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


def other_kinds(scene: Scene) -> None:
    """A valid credential of a kind that may not."""
    kinds = ["mobile", "edge", "read", *(["project"] if scene.route.master else [])]
    for kind in kinds:
        refused(scene.ask(scene.server.token(scene.ann.project, kind)), 403, "forbidden")


def others(scene: Scene) -> None:
    """What is another project's is not there, and neither is a project that nobody made."""
    foreign = {"project_id": scene.ann.project.uuid}
    if not scene.route.master:
        refused(scene.ask(scene.other.token, **foreign), 404, "not_found")
    refused(scene.ask(scene.master, project_id=UNKNOWN), 404, "not_found")
    if "{id}" in scene.route.path:
        if not scene.route.master:
            refused(scene.ask(scene.other.token), 404, "not_found")
        refused(scene.ask(scene.master, project_id=scene.other.project.uuid), 404, "not_found")
        for thing in (UNKNOWN, "%00", "ü", "a" * 500):
            scene.thing = thing
            scene.server.clock.turn(60)
            refused(scene.granted(), 404, "not_found")


def unnamed(scene: Scene) -> None:
    """Of several projects a master key names one, but where an id of one project's own says which."""
    if "{id}" in scene.route.path:
        told(scene.ask(scene.master), scene.route.status)
        scene.thing = UNKNOWN
        refused(scene.ask(scene.master), 404, "not_found")
    else:
        assert "project_id" in refused(scene.ask(scene.master), 400, "bad_request").text


def malformed(scene: Scene) -> None:
    if scene.route.body is None:
        return
    for body in (b"", b"{", b'{"a": 1e999}', b'{"a": "\\ud800"}', b"\xff", b"[" * 60_000):
        refused(scene.raw(body), 400, "invalid_json")
        scene.server.clock.turn(60)
    for body in (b"[]", b"7", b'"text"', b"null"):
        answer = refused(scene.raw(body), 422, "validation_error")
        assert answer.json()["error"]["details"] == [{"field": "", "message": "Expected object"}]
        scene.server.clock.turn(60)


def too_big(scene: Scene) -> None:
    answer = refused(scene.raw(b" " * (scene.route.limit + 1)), 413, "payload_too_large")
    assert answer.headers["connection"] == "close"


def too_fast(scene: Scene) -> None:
    for _ in range(2):
        assert scene.granted().status_code != 429
    answer = refused(scene.granted(), 429, "rate_limited")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert (answer.headers["x-ratelimit-limit"], answer.headers["x-ratelimit-remaining"]) == ("2", "0")
    assert int(answer.headers["x-ratelimit-reset"]) * 1000 > scene.server.clock.now_ms()
    scene.server.clock.turn(int(answer.headers["retry-after"]))
    assert scene.granted().status_code != 429


ROWS: dict[str, Callable[[Scene], None]] = {
    "works": works,
    "no token": no_token,
    "a token of another kind": other_kinds,
    "another project's": others,
    "no project named": unnamed,
    "malformed": malformed,
    "too big": too_big,
    "too fast": too_fast,
}


def scene_of(serve: Serve, route: Route, thing: Callable[[Server, Sender], str]) -> Scene:
    """A server that grants each sender two requests a minute to a route."""
    return Scene(serve(public_api_rate_limit_requests=2, allow_private_webhooks=True), route, thing)
