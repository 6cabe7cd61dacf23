"""Requests made of the OpenAPI document alone: every answer is one that the document says there is.

A few for each endpoint; LOGSERVER_SCHEMA_ROUNDS asks for more.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from logserver.api.endpoint import Auth, Endpoint
from tests.contracts.house import REQUESTS, House
from tests.examples import OPENAPI, endpoints
from tests.fakes import FakeClock
from tests.web.furnished import running

ROUNDS = int(os.environ.get("LOGSERVER_SCHEMA_ROUNDS", "2"))
DOCUMENT = msgspec.json.decode(OPENAPI.read_bytes())
NAMES = [each["operationId"] for path in DOCUMENT["paths"].values() for each in path.values() if "operationId" in each]
PLENTY = {
    "public_api_rate_limit_requests": 10_000_000,
    "public_api_auth_failure_rate_limit_requests": 10_000_000,
    "stream_requests_per_minute": 10_000_000,
    "logs_rate_limit_per_minute": 10_000_000,
    "logs_rate_limit_burst": 10_000_000,
    "open_registration": True,
}


class Visited(NamedTuple):
    house: House
    places: dict[str, Mapping[str, str]]
    """What stands in a path where the thing is there, by path."""


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visited]:
    with running(tmp_path_factory.mktemp("described"), FakeClock(), **PLENTY) as server:
        house, places = House(server), dict[str, Mapping[str, str]]()
        for endpoint in server.app.endpoints:
            if "{" in endpoint.path and endpoint.path not in places:
                places[endpoint.path] = REQUESTS[endpoint.name](house).path
        yield Visited(house, places)


class Schema:
    """The operations of the document by name, and what makes requests of them; slow to load."""

    def __init__(self) -> None:
        # Imported here, so that only those wait for it who run these tests.
        import schemathesis  # noqa: PLC0415 - as said above
        from schemathesis.checks import not_a_server_error  # noqa: PLC0415 - as said above
        from schemathesis.specs.openapi import checks  # noqa: PLC0415 - as said above

        schemathesis.serializer("application/x-ndjson")(_lines)
        document: Any = schemathesis.openapi.from_dict(DOCUMENT)
        found = [each.ok() for each in document.get_all_operations()]
        self.operations = {each.definition.raw["operationId"]: each for each in found}
        self.modes = {mode.value: mode for mode in schemathesis.GenerationMode}
        self.checks: list[Any] = [
            not_a_server_error,
            checks.status_code_conformance,
            checks.content_type_conformance,
            checks.response_headers_conformance,
            checks.response_schema_conformance,
        ]


def _lines(_context: Any, value: Any) -> bytes:
    return b"\n".join(map(msgspec.json.encode, value if isinstance(value, list) else [value]))


@pytest.fixture(scope="module")
def schema() -> Schema:
    return Schema()


def modes(name: str) -> list[str]:
    """Requests as they are described, and, where anything is, such as are not."""
    (described,) = [
        each for path in DOCUMENT["paths"].values() for each in path.values() if each.get("operationId") == name
    ]
    return ["positive", "negative"] if "requestBody" in described else ["positive"]


def credentials(house: House, endpoint: Endpoint) -> list[str | None]:
    """Those that may, and some that may not."""
    known = {
        Auth.PROJECT_TOKEN: house.alice.token,
        Auth.MASTER_KEY: house.master,
        Auth.VIEWER_TOKEN: house.visitors["charlie's viewer"],
        Auth.USER: house.visitors["member"],
        Auth.ADMIN: house.admin,
        Auth.EDGE_TOKEN: house.edge,
        Auth.READ_TOKEN: house.visitors["read"],
    }
    return [*(known[kind] for kind in endpoint.auth if kind in known), None, house.charlie.token]


@pytest.mark.parametrize(("name", "mode"), [(name, mode) for name in NAMES for mode in modes(name)])
def test_every_answer_is_described(visited: Visited, schema: Schema, name: str, mode: str) -> None:
    import requests  # noqa: PLC0415 - it comes with what makes the requests

    house = visited.house
    (endpoint,) = [each for each in house.server.app.endpoints if each.name == name]
    there = visited.places.get(endpoint.path, {})

    @settings(
        max_examples=ROUNDS,
        deadline=None,
        database=None,
        derandomize="LOGSERVER_SCHEMA_ROUNDS" not in os.environ,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=schema.operations[name].as_strategy(generation_mode=schema.modes[mode]),
        token=st.sampled_from(credentials(house, endpoint)),
        exists=st.booleans(),
    )
    def attempt(case: Any, token: str | None, *, exists: bool) -> None:
        if exists:
            case.path_parameters = {**(case.path_parameters or {}), **there}
        # A token is not guessed, and neither the length nor the coding of a body is part of its schema.
        sent: Any = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
        secret = {"authorization", "x-api-key"}
        headers = {name: value for name, value in sent.headers.items() if name.lower() not in secret}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        house.server.clock.turn(61)  # whatever is limited by the minute begins anew
        answer = house.server.client.request(
            sent.method, sent.path_url, content=sent.body or b"", headers=headers, follow_redirects=False
        )
        case.validate_response(answer, checks=schema.checks)

    attempt()


def test_every_endpoint_is_tried() -> None:
    assert set(NAMES) == {endpoint.name for endpoint in endpoints()}
