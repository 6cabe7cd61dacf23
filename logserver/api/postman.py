"""The Postman collection of a list of endpoints: every example a request that checks its own answer.

The requests run in their order, and as often as wanted: some use what the answer to an earlier one told
(Example.keeps), which is kept in a variable of the collection.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import replace

from logserver.api.endpoint import JSON, NDJSON, Auth, Endpoint, Example, Parameter, distinct
from logserver.api.openapi import ndjson
from logserver.api.schemas import Schemas

_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_CREDENTIALS = {
    Auth.PROJECT_TOKEN: "token",
    Auth.MASTER_KEY: "master_key",
    Auth.EDGE_TOKEN: "edge_key",
    Auth.USER: "user_token",
    Auth.ADMIN: "user_token",
}
"""The variable that holds a credential of a kind; of several that a request takes, the first of these is sent."""

_NEW_UUID = "{{$guid}}"


def collection(
    endpoints: Iterable[Endpoint],
    *,
    title: str,
    description: str = "",
    base_url: str = "http://localhost:8080",
) -> dict[str, Any]:
    """A collection of format 2.1: a folder a tag, a request an example, and one without its credential."""
    folders: dict[str, dict[str, Any]] = {}
    listed = distinct(endpoints)
    schemas = Schemas(listed)
    for endpoint in listed:
        folder = folders.setdefault(endpoint.tag.name, {**endpoint.tag._asdict(), "item": []})
        folder["item"] += _items(endpoint, schemas)
    value = {
        "info": {"name": title, "description": description, "schema": _SCHEMA},
        "auth": _bearer("token"),
        "variable": [
            {"key": "base_url", "value": base_url, "type": "string"},
            *({"key": name, "value": "", "type": "string"} for name in _variables(listed)),
        ],
        "item": [*folders.values()],
    }
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return plain


def _variables(listed: list[Endpoint]) -> list[str]:
    """What the requests use: credentials to be filled in, and what answers fill in."""
    kept = (name for endpoint in listed for example in endpoint.requests().values() for name in example.keeps)
    return [*dict.fromkeys([*_CREDENTIALS.values(), *kept])]


def _variable(auth: Auth) -> str:
    return next((name for kind, name in _CREDENTIALS.items() if kind in auth), "token")


def _bearer(variable: str) -> dict[str, Any]:
    return {"type": "bearer", "bearer": [{"key": "token", "value": f"{{{{{variable}}}}}", "type": "string"}]}


def _items(endpoint: Endpoint, schemas: Schemas) -> list[dict[str, Any]]:
    requests = endpoint.requests() or {endpoint.summary: Example(status=next(iter(endpoint.gives)))}
    items = [_item(endpoint, schemas, title, example) for title, example in requests.items() if example.collected]
    if endpoint.auth and 401 in endpoint.errors:
        first = next(iter(requests.values()))
        refused = replace(first, status=401, keeps={})
        items.append(_item(endpoint, schemas, f"{endpoint.summary}, without a credential", refused, anonymous=True))
    return items


def _item(
    endpoint: Endpoint, schemas: Schemas, title: str, example: Example, *, anonymous: bool = False
) -> dict[str, Any]:
    parameters = endpoint.all_parameters()
    request: dict[str, Any] = {
        "method": endpoint.method,
        "header": [*_values(parameters, example, "header")],
        "url": _url(endpoint, parameters, example),
        "description": endpoint.description,
    }
    if endpoint.auth is Auth.NONE or anonymous:
        request["auth"] = {"type": "noauth"}
    elif Auth.PROJECT_TOKEN not in endpoint.auth:
        request["auth"] = _bearer(_variable(endpoint.auth))
    if example.body is not None:
        request["header"].append({"key": "Content-Type", "value": example.media})
        request["body"] = {"mode": "raw", "raw": _raw(endpoint, example)}
    script = {"type": "text/javascript", "exec": [*_checks(endpoint, schemas, example), *_keeping(example)]}
    return {"name": title, "event": [{"listen": "test", "script": script}], "request": request}


def _url(endpoint: Endpoint, parameters: list[Parameter], example: Example) -> dict[str, Any]:
    path = endpoint.public_path().lstrip("/").replace("{", ":").replace("}", "")
    query = _values(parameters, example, "query")
    asked = "&".join(f"{pair['key']}={pair['value']}" for pair in query if not pair.get("disabled"))
    return {
        "raw": f"{{{{base_url}}}}/{path}" + (f"?{asked}" if asked else ""),
        "host": ["{{base_url}}"],
        "path": path.split("/"),
        "query": query,
        "variable": _values(parameters, example, "path"),
    }


def _values(parameters: list[Parameter], example: Example, where: str) -> list[dict[str, Any]]:
    """What is sent is required or given by the example; the rest is there to be switched on."""
    values = []
    for parameter in parameters:
        value = example.values.get(parameter.name, parameter.example)
        if parameter.where != where or value is None:
            continue
        pair: dict[str, Any] = {
            "key": parameter.name,
            "value": _text(value),
            "description": parameter.description,
        }
        if where != "path" and not parameter.required and parameter.name not in example.values:
            pair["disabled"] = True
        values.append(pair)
    return values


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _raw(endpoint: Endpoint, example: Example) -> str:
    if isinstance(example.body, bytes):
        return example.body.decode()
    body = _renewed(msgspec.to_builtins(example.body), example.fresh)
    if endpoint.media == NDJSON:
        return ndjson(body)
    return msgspec.json.format(msgspec.json.encode(body), indent=2).decode()


def _renewed(value: Any, fresh: tuple[str, ...]) -> Any:
    if isinstance(value, list):
        return [_renewed(item, fresh) for item in value]
    if isinstance(value, dict):
        return {key: _NEW_UUID if key in fresh else _renewed(item, fresh) for key, item in value.items()}
    return value


def _checks(endpoint: Endpoint, schemas: Schemas, example: Example) -> list[str]:
    status = example.status or 0
    lines = [f'pm.test("answers {status}", () => pm.response.to.have.status({status}));']
    if endpoint.rate_limited and status in endpoint.gives:
        lines.append('pm.test("tells its limit", () => pm.response.to.have.header("X-RateLimit-Limit"));')
    answer = endpoint.answers()[status]
    if answer.type is None or answer.media != JSON:
        return lines
    lines.append('pm.test("answers JSON", () => pm.response.json());')
    if keys := schemas.required(answer.type):
        wanted = msgspec.json.encode(keys).decode()
        lines.append(
            f'pm.test("has {", ".join(keys)}", () => pm.expect(pm.response.json()).to.include.all.keys({wanted}));'
        )
    return lines


def _keeping(example: Example) -> list[str]:
    """The lines that keep values of an answer for later requests."""
    lines = []
    for name, place in example.keeps.items():
        steps = "".join(f'["{step}"]' for step in place.split("."))
        lines.append(f'pm.collectionVariables.set("{name}", pm.response.json(){steps});')
    return lines
