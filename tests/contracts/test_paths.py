"""Every path of the API: how it is spelled, its methods, and what its declaration says of its refusals."""

import pytest

from logserver.contracts.logstitch import routes as logstitch
from tests.examples import endpoints
from tests.serving import Server

ENDPOINTS = {endpoint.name: endpoint for endpoint in endpoints()}
OF_API = [name for name, endpoint in ENDPOINTS.items() if endpoint.path.startswith(("/api/", "/v1/"))]
OF_LOGSTITCH = [name for name, endpoint in ENDPOINTS.items() if endpoint.path.startswith(logstitch.PREFIXES)]


def path_of(name: str) -> str:
    return ENDPOINTS[name].public_path().replace("{", "").replace("}", "")


@pytest.mark.parametrize("name", OF_API)
def test_slashes_too_many_lead_to_the_same_place(server: Server, name: str) -> None:
    method, path = ENDPOINTS[name].method, path_of(name)
    usual = server.client.request(method, path)
    assert usual.status_code not in {404, 405}
    base = str(server.client.base_url).rstrip("/")
    for spelled in (f"{path}/", f"{path}//", f"/{path}", f"/{path}/"):
        answer = server.client.request(method, f"{base}{spelled}")
        assert (spelled, answer.status_code) == (spelled, usual.status_code)


@pytest.mark.parametrize("name", OF_API)
def test_another_method_is_told_every_one_there_is(server: Server, name: str) -> None:
    path = path_of(name)
    there = {endpoint.method for endpoint in ENDPOINTS.values() if endpoint.path == ENDPOINTS[name].path}
    for spelled in (path, f"{path}/"):
        answer = server.client.request("TRACE", spelled)
        assert answer.status_code == 405
        assert set(answer.headers["allow"].split(", ")) - {"HEAD"} == there
        assert ("HEAD" in answer.headers["allow"]) == ("GET" in there)


@pytest.mark.parametrize("name", OF_LOGSTITCH)
def test_what_any_route_may_refuse_is_declared(name: str) -> None:
    endpoint = ENDPOINTS[name]
    wanted = {422, 429, 503}
    if endpoint.auth:
        wanted |= {400, 401, 403, 404}
    if endpoint.takes is not None:
        wanted |= {400, 408, 413, 415}
    assert not wanted - endpoint.errors.keys()


@pytest.mark.parametrize("name", [name for name in OF_LOGSTITCH if ENDPOINTS[name].takes is not None])
def test_a_body_in_another_packing_is_415(server: Server, name: str) -> None:
    sender = server.sender()
    of = {"master": server.token(sender.project, "master"), "project": sender.token}
    path = path_of(name).replace("/token/", "/a1b2c3d4-e5f6-4a7b-8c9d-0e1f2a3b4c5d/")
    answers = [
        server.client.request(
            ENDPOINTS[name].method,
            path,
            content=b"{}",
            headers={"Authorization": f"Bearer {token}", "Content-Encoding": "br"},
        )
        for token in of.values()
    ]
    assert 415 in {answer.status_code for answer in answers}
    assert {answer.status_code for answer in answers} <= {403, 415}
    for answer in answers:
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
