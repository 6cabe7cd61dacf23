"""Hostile texts in every field that every contract reads, sent through the API as anybody with a token could."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from httpx2 import Response

from logserver.api.endpoint import Auth, Endpoint
from logserver.core.people import accounts
from logserver.store.tx import Tx
from tests.contracts.house import REQUESTS, House, Sent
from tests.contracts.logister.sending import identified, lines

TAG = "evil-one"
"""An element that no page has, but where somebody has written it into one."""

TEXTS = {
    "long": f"\"'></textarea></title></script><{TAG} onclick=alert(1) style=color:red><script>alert(1)</script>"
    "<img src=x onerror=alert(1)>{{7*7}}${alert(1)}&lt;b&gt;%0d%0aSet-Cookie:evil=1",
    "short": f'"><{TAG} onclick=x>',
    "link": "javascript:alert(1)//",
    "attribute": "x onmouseover=alert(1) autofocus onfocus=alert(1)",
    "odd": "\u202egnp.exe\u202c \u0007\u001b[31m\r\n<!--",
}

EVENT_TYPES = ("error", "metric", "transaction", "log", "check_in", "span")
_OF_ACCOUNTS = {"login", "forgot_password", "reset_password", "change_password"}
"""What is sent there is kept nowhere, or only as a hash."""

_MOST_DEPTH = 4


class Field(NamedTuple):
    """Where a text can stand in a body, and the shape it has there."""

    path: tuple[str, ...]
    shape: Any


def fields(type_: Any, path: tuple[str, ...] = ()) -> Iterator[Field]:
    """Every place of a body of a type where there can be text: ``shape`` is str, list[str] or dict."""
    yield from _fields(msgspec.inspect.type_info(type_), path)


def _fields(info: Any, path: tuple[str, ...]) -> Iterator[Field]:
    if len(path) > _MOST_DEPTH:
        return
    kind = msgspec.inspect
    if isinstance(info, kind.Metadata):
        info = info.type
    if isinstance(info, kind.UnionType):
        seen: set[Any] = set()
        for each in info.types:
            for found in _fields(each, path):
                if repr(found) not in seen:
                    seen.add(repr(found))
                    yield found
    elif isinstance(info, kind.StructType):
        for field in info.fields:
            yield from _fields(field.type, (*path, field.encode_name))
    elif isinstance(info, kind.StrType | kind.LiteralType):
        yield Field(path, str)
    elif isinstance(info, kind.DictType | kind.AnyType):
        yield Field(path, dict)
    elif isinstance(info, kind.ListType | kind.VarTupleType):
        inner = list(_fields(info.item_type, ()))
        if any(not each.path for each in inner):
            yield Field(path, list)
        yield from (Field((*path, "0", *each.path), each.shape) for each in inner if each.path)


def put(body: Any, field: Field, text: str) -> Any:
    """A copy of a body with a text in one place."""
    if not field.path:
        return {list: [text], dict: {text: text, "again": {text: [text]}}}.get(field.shape, text)
    name, rest = field.path[0], Field(field.path[1:], field.shape)
    if name.isdigit():
        first, *others = body if isinstance(body, list) and body else [{}]
        return [put(first, rest, text), *others]
    held = body if isinstance(body, dict) else {}
    return {**held, name: put(held.get(name), rest, text)}


class Sender:
    """Sends what is hostile as the owner of everything; ``taken`` are the fields of which the server took a text."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.taken: set[tuple[str, tuple[str, ...]]] = set()
        self._sent: dict[str, Sent] = {}
        self._named = 0

    def every_field(self, endpoint: Endpoint) -> None:
        """Every field of what an endpoint takes, one at a time, so that one that is refused hides no other."""
        if endpoint.takes is None or endpoint.method not in {"POST", "PUT", "PATCH"} or endpoint.name in _OF_ACCOUNTS:
            return
        for field in fields(endpoint.takes):
            if not self._one(endpoint, field, TEXTS["long"]):
                self._one(endpoint, field, TEXTS["short"])
            self._one(endpoint, field, TEXTS["link"])

    def _one(self, endpoint: Endpoint, field: Field, text: str) -> bool:
        """Send a text in a field of every body that an endpoint usually gets; whether one was taken."""
        taken = False
        sent = self._usual(endpoint)
        for usual in self._bodies(endpoint, sent.body):
            answer = self._send(endpoint, sent, put(usual, field, text))
            assert answer.status_code < 500, (endpoint.name, field, answer.text)
            if answer.status_code < 300:
                self.taken.add((endpoint.name, field.path))
                taken = True
                if isinstance(sent.body, dict) and "version" in sent.body:
                    body = sent.body | {"version": sent.body["version"] + 1}
                    self._sent[endpoint.name] = sent = sent._replace(body=body)
        return taken

    def _usual(self, endpoint: Endpoint) -> Sent:
        """What its owner sends to an endpoint, about things that are there."""
        if endpoint.name not in self._sent:
            self._house.server.clock.turn(61)  # live streams may be begun some times a minute only
            self._post("/api/v1/edge/heartbeat", {"agent_id": self._house.agent["id"]}, self._house.edge)
            self._sent[endpoint.name] = REQUESTS[endpoint.name](self._house)
        return self._sent[endpoint.name]

    def _bodies(self, endpoint: Endpoint, usual: Any) -> Iterator[Any]:
        if endpoint.name == "ingest_event":
            more = {"trace_id": "t1", "span_id": "s1", "name": "GET /", "duration_ms": 12, "slug": "nightly"}
            for kind in EVENT_TYPES:
                yield {"event": {"event_type": kind, "message": "hello", **more}}
        elif isinstance(usual, dict) and "name" in usual:
            self._named += 1
            yield usual | {"name": f"{usual['name']} {self._named}"}  # of some things there is one of a name
        elif endpoint.name != "ingest_event_batch":
            yield usual

    def _send(self, endpoint: Endpoint, sent: Sent, body: Any) -> Response:
        token, query = owner(self._house, endpoint)
        self._house.server.clock.turn(0.05)
        return self._house.server.client.request(
            endpoint.method,
            endpoint.public_path().format(**sent.path),
            content=msgspec.json.encode(body),
            headers={"Content-Type": "application/json", "User-Agent": TEXTS["short"], **sent.headers, **token},
            params={**sent.query, **query},
        )

    def whole_events(self) -> None:
        """What no schema names: contexts as the published clients send them, hostile all over."""
        house = self._house
        for text in TEXTS.values():
            for kind in EVENT_TYPES:
                event = {
                    "event": {"event_type": kind, "message": text, "slug": text[:60], "name": text, **context(text)}
                }
                self._post("/api/v1/ingest_events", event, house.alice.token)
            batch = lines(*identified(3, message=text, **context(text)))
            headers = {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {house.alice.token}"}
            answer = house.server.client.post("/api/v1/ingest_events/batch", content=batch, headers=headers)
            assert answer.status_code < 500
            self._post("/api/v1/events", audit_event(text), house.alice.token)
            self._post("/v1/logs", {"logs": [log_entry(text)]}, house.alice.token)

    def _post(self, path: str, body: Any, token: str) -> None:
        self._house.server.clock.turn(0.2)
        answer = self._house.server.post(path, body, token, {"User-Agent": TEXTS["short"]})
        assert answer.status_code in {200, 201}, (path, answer.text)


def owner(house: House, endpoint: Endpoint) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The headers and the query of somebody who may."""
    secrets = {
        Auth.PROJECT_TOKEN: house.alice.token,
        Auth.MASTER_KEY: house.master,
        Auth.EDGE_TOKEN: house.edge,
        Auth.USER: house.admin,
        Auth.ADMIN: house.admin,
    }
    for kind, secret in secrets.items():
        if kind in endpoint.auth:
            query = {"project_id": house.alice.project.uuid} if kind is Auth.MASTER_KEY else {}
            return {"Authorization": f"Bearer {secret}"}, query
    return {}, {}


def context(text: str) -> dict[str, Any]:
    """What stands beside the message of an event."""
    frame = {
        "filename": text,
        "lineno": 3,
        "name": text,
        "line": text,
        "function": text,
        "in_app": True,
        "module": text,
    }
    error = {
        "class": text,
        "qualified_class": text,
        "module": text,
        "message": text,
        "frames": [frame, frame | {"filename": "/app/shop.py", "in_app": False}],
        "backtrace": [f'File "{text}", line 3, in {text}', f"at {text} ({text}:1:2)", f"{text}:3:in `{text}'"],
        "stack": f"Error: {text}\n    at {text} ({text}:1:2)\n    at https://{text}/app.js:1:2",
        "cause": {"class": text, "message": text, "backtrace": [text]},
    }
    return {
        "trace_id": "t-" + text[:40],
        "span_id": "s-" + text[:40],
        "parent_span_id": text[:40],
        "duration_ms": 12,
        "environment": text[:60],
        "release": text[:60],
        "user_id": text,
        "session_id": text,
        "request_id": text,
        "level": "error",
        "context": {
            "exception": error,
            "request": {
                "method": text,
                "url": text,
                "path": text,
                "headers": {text: text, "User-Agent": text, "Referer": text},
                "params": {text: text},
                "body": text,
            },
            "user": {"id": text, "email": text, "name": text},
            "tags": {text: text},
            "breadcrumbs": [{"message": text, "category": text, "data": {text: text}}],
            "value": 12.5,
            "unit": text[:30],
            "service": text,
            "repository": text,
            "commit_sha": text,
            "transaction_name": text,
            "status_code": text,
            "route": text,
            "db": {"statement": text},
            text: [text, {text: text}],
        },
    }


def audit_event(text: str) -> dict[str, Any]:
    """An audit event with the text wherever text may stand."""
    return {
        "action": "evil.was_done",
        "category": "security",
        "actor": {"id": text, "type": "user", "name": text, "email": text},
        "tenant_id": text,
        "target": {"id": text, "type": text, "name": text},
        "context": {"ip_address": text, "user_agent": text, "location": text, "session_id": text},
        "metadata": {text: text, "deep": {text: [text]}},
        "changes": [{"field": text, "before": text, "after": {text: text}}],
    }


def log_entry(text: str) -> dict[str, Any]:
    """A log line with the text wherever text may stand."""
    return {
        "timestamp": "2026-09-21T14:00:00Z",
        "level": "error",
        "message": text,
        "environment": text,
        "metadata": {text: text, "deep": {text: [text]}},
        "error": {
            "type": text,
            "message": text,
            "stack_trace": [text, f"at {text} (app.js:1:2)"],
            "context": {text: text},
        },
        "trace_id": text[:60],
        "span_id": text[:60],
    }


def rename(tx: Tx, project: int) -> None:
    """Give what is named by people hostile names: the project, the organization and everybody in it."""
    tx.execute("UPDATE projects SET name = ? WHERE number = ?", (TEXTS["short"], project))
    tx.execute("UPDATE organizations SET name = ?", (TEXTS["long"],))
    for number, user in enumerate(accounts.every(tx)):
        text = list(TEXTS.values())[number % len(TEXTS)]
        tx.execute("UPDATE users SET name = ? WHERE id = ?", (text, user.number))
