"""The OpenAPI 3.1 document of a list of endpoints, as a value, as JSON and as YAML."""

from collections.abc import Iterable
from typing import Any

import msgspec

from logserver.api.endpoint import NDJSON, Answer, Endpoint, Parameter, distinct
from logserver.api.schemas import Schemas

_SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The credential in `Authorization: Bearer …`.",
    },
    "api_key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Api-Key",
        "description": "The same credential in `X-Api-Key`.",
    },
}

_LIMIT_HEADERS = {
    "X-RateLimit-Limit": "Requests allowed in one window.",
    "X-RateLimit-Remaining": "Requests left in the present window.",
    "X-RateLimit-Reset": "When the present window ends, in Unix seconds.",
}
_RETRY_HEADER = {"Retry-After": "Seconds to wait before the request is welcome again."}


def document(endpoints: Iterable[Endpoint], *, title: str, version: str, description: str = "") -> dict[str, Any]:
    """The document of these endpoints in their order; plain dicts, lists and scalars."""
    listed = distinct(endpoints)
    schemas = Schemas(listed)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in listed:
        operation = _operation(endpoint, schemas)
        paths.setdefault(endpoint.public_path(), {})[endpoint.method.lower()] = operation
    value = {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version} | ({"description": description} if description else {}),
        "tags": [tag._asdict() for tag in dict.fromkeys(endpoint.tag for endpoint in listed)],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "headers": {
                name: {"description": said, "schema": {"type": "integer"}}
                for name, said in (_LIMIT_HEADERS | _RETRY_HEADER).items()
            },
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return plain


def json_text(value: dict[str, Any]) -> bytes:
    """A document as JSON, indented for readers and for version control."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def yaml_text(value: dict[str, Any]) -> bytes:
    """A document as YAML in the document's own order."""
    return msgspec.yaml.encode(value)


def _operation(endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    credentials = endpoint.auth.spoken()
    said = [endpoint.description] if endpoint.description else []
    if credentials:
        said.append(f"Credential: {' or '.join(credentials)}.")
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "tags": [endpoint.tag.name],
        "summary": endpoint.summary,
    }
    if said:
        operation["description"] = "\n\n".join(said)
    operation["security"] = [{scheme: []} for scheme in _SECURITY_SCHEMES] if credentials else []
    if parameters := endpoint.all_parameters():
        operation["parameters"] = [_parameter(parameter, schemas) for parameter in parameters]
    if endpoint.takes is not None:
        operation["requestBody"] = _body(endpoint, schemas)
    operation["responses"] = {
        str(status): _response(status, answer, endpoint, schemas) for status, answer in endpoint.answers().items()
    }
    return operation


def _parameter(parameter: Parameter, schemas: Schemas) -> dict[str, Any]:
    value: dict[str, Any] = {"name": parameter.name, "in": parameter.where}
    if parameter.description:
        value["description"] = parameter.description
    value["required"] = parameter.required or parameter.where == "path"
    value["schema"] = schemas.of(parameter.type)
    if parameter.example is not None:
        value["example"] = parameter.example
    return value


def _body(endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    schema = schemas.of(endpoint.takes)
    lines = endpoint.media == NDJSON
    content: dict[str, Any] = {
        # OpenAPI 3.1 has no word for a sequence of JSON texts; 3.2's itemSchema is kept under its x- name.
        "schema": {"type": "string", "description": "One JSON value a line."} if lines else schema
    }
    if lines:
        content["x-itemSchema"] = schema
    examples = {
        title: {"value": ndjson(example.body) if lines else example.body}
        for title, example in endpoint.requests().items()
        # What is refused teaches nothing here: it would be a body that contradicts the schema beside it.
        if example.status in endpoint.gives and not isinstance(example.body, bytes | None)
    }
    if examples:
        content["examples"] = examples
    return {"required": True, "content": {endpoint.media: content}}


def _response(status: int, answer: Answer, endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    value: dict[str, Any] = {"description": answer.description}
    headers = [*_LIMIT_HEADERS] if endpoint.rate_limited and (status < 400 or status == 429) else []
    if status in {429, 503}:
        headers += _RETRY_HEADER
    if headers:
        value["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
    if answer.type is not None:
        content = {"schema": schemas.of(answer.type)}
        if answer.example is not None:
            content["example"] = answer.example
        value["content"] = {answer.media: content}
    return value


def ndjson(lines: list[Any]) -> str:
    """JSON values as newline-delimited JSON."""
    return "".join(msgspec.json.encode(line).decode() + "\n" for line in lines)
