"""Charlie sees and changes nothing: every endpoint there is, asked by everybody who should not be there.

A new endpoint needs a line in house.REQUESTS. Who is let in is what the endpoint declares (``auth``); all else follows.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
import pytest
from httpx2 import Response

from logserver.api.endpoint import Auth, Endpoint
from logserver.contracts.logfleet import routes as logfleet
from logserver.contracts.logstitch import routes as logstitch
from logserver.store.database import snapshot
from tests.contracts.house import METRICS_TOKEN, REQUESTS, SECRET, House, Sent
from tests.contracts.logstitch.asked import EVENTS, KEYS, ask, event
from tests.examples import endpoints
from tests.serving import Serve, Server

NOT_KNOWN = ("nobody", "unknown", "forged viewer", "expired viewer")
MAY = {
    "charlie": Auth.PROJECT_TOKEN,
    "charlie's test key": Auth.PROJECT_TOKEN,
    "charlie's viewer": Auth.VIEWER_TOKEN,
    "other tenant's viewer": Auth.VIEWER_TOKEN,
    "mobile": Auth.MOBILE_TOKEN,
    "edge": Auth.EDGE_TOKEN,
    "charlie's edge": Auth.EDGE_TOKEN,
    "read": Auth.READ_TOKEN,
    "master": Auth.MASTER_KEY,
    "member": Auth.USER,
    "admin": Auth.USER | Auth.ADMIN,
}
LET_IN = ("mobile", "master", "edge", "member", "admin", "read")
"""Alice's own apps and agents, the administrator and her people: where they may, they may."""

BESIDE_THE_RULE = {
    ("record_deployment", "mobile"): 403,
    ("mint_mobile_ingest_token", "mobile"): 403,
    ("mint_viewer_token", "charlie's test key"): 403,
    ("heartbeat", "charlie's edge"): 404,
    ("sync_metric_config", "charlie's edge"): 404,
    ("send_metrics", "charlie's edge"): 404,
}

ENDPOINTS = {endpoint.name: endpoint for endpoint in endpoints()}


def request(
    house: House, endpoint: Endpoint, sent: Sent, token: str | None, query: Mapping[str, str] | None = None
) -> Response:
    raw = sent.body if isinstance(sent.body, bytes) else b"" if sent.body is None else msgspec.json.encode(sent.body)
    headers = {"Content-Type": "application/json", **sent.headers}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    path = endpoint.public_path().format(**sent.path)
    return house.server.client.request(
        endpoint.method, path, content=raw, headers=headers, params={**sent.query, **(query or {})}
    )


def expected(endpoint: Endpoint, visitor: str, sent: Sent) -> int | None:
    """The status of an answer; None where the visitor is let in."""
    forbids = endpoint.path.startswith(logstitch.PREFIXES + logfleet.PREFIXES)
    if beside := BESIDE_THE_RULE.get((endpoint.name, visitor)):
        return beside
    if visitor in NOT_KNOWN:
        return 401
    if not MAY[visitor] & endpoint.auth:
        return 403 if forbids else 401
    if visitor in LET_IN:
        return None
    return 404 if sent.path else next(iter(endpoint.gives))


_BY_THE_CLOCK = {"heartbeat", "sweeps", "sqlite_sequence"}
_OF_ALL = {"generation", "stream_totals"}
"""Rows that say how much there is, whoever made it."""

_OWNED_BY = {"events": "id >> 51", "projects": "number"}


class Rows(NamedTuple):
    """What is stored, by table: the rows of a project, those of no project, and all of them."""

    hers: dict[str, set[str]]
    nobodys: dict[str, set[str]]
    whole: dict[str, set[str]]


def stored(server: Server, number: int) -> Rows:
    rows = Rows({}, {}, {})
    with snapshot(server.folder) as tx:
        tables = tx.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'event_words*'")
        for (table,) in tables.fetchall():
            if table in _BY_THE_CLOCK:
                continue
            columns = [name for _, name, *_ in tx.execute(f"PRAGMA table_info({table})") if name != "last_used_at"]
            owner = _OWNED_BY.get(table, "project" if "project" in columns else "NULL")
            for owned, *row in tx.execute(f"SELECT {owner}, {', '.join(columns)} FROM {table}"):
                rows.whole.setdefault(table, set()).add(repr(row))
                if owned == number:
                    rows.hers.setdefault(table, set()).add(repr(row))
                elif owned is None and table not in _OF_ALL:
                    rows.nobodys.setdefault(table, set()).add(repr(row))
    return rows


def untouched(before: Rows, after: Rows) -> bool:
    """Whether nothing of hers was changed or added, and nothing that is nobody's taken away."""
    return before.hers == after.hers and all(
        rows <= after.nobodys.get(table, set()) for table, rows in before.nobodys.items()
    )


@pytest.fixture
def house(serve: Serve) -> House:
    return House(serve(self_observability=False, open_registration=True, metrics_token=METRICS_TOKEN))


def test_every_endpoint_is_in_the_table() -> None:
    assert set(REQUESTS) == set(ENDPOINTS)
    assert {name for name, _ in BESIDE_THE_RULE} <= set(ENDPOINTS)


@pytest.mark.parametrize("name", [name for name, endpoint in ENDPOINTS.items() if endpoint.auth])
def test_nobody_passes_a_wall(house: House, name: str) -> None:
    endpoint, server, number = ENDPOINTS[name], house.server, house.alice.project.number
    sent = REQUESTS[name](house)
    statuses, wanted = {}, {}
    for visitor, token in house.visitors.items():
        status = expected(endpoint, visitor, sent)
        if status is None:
            continue
        before = stored(server, number)
        answer = request(house, endpoint, sent, token)
        after = stored(server, number)
        statuses[visitor], wanted[visitor] = answer.status_code, status
        assert not [mark for mark in house.marks() if mark in answer.text], visitor
        assert untouched(before, after), visitor
        if status >= 400 or "viewer" in visitor:
            assert after == before, visitor
    assert statuses == wanted


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, endpoint in ENDPOINTS.items()
        if Auth.PROJECT_TOKEN in endpoint.auth and endpoint.path.startswith(logstitch.PREFIXES)
    ],
)
@pytest.mark.parametrize("visitor", ["charlie", "charlie's test key", "charlie's viewer"])
def test_naming_her_project_helps_nobody(house: House, name: str, visitor: str) -> None:
    endpoint, sent = ENDPOINTS[name], REQUESTS[name](house)
    before = stored(house.server, house.alice.project.number)
    for named in (house.alice.project.uuid, house.alice.project.slug):
        answer = request(house, endpoint, sent, house.visitors[visitor], {"project_id": named})
        let_in = expected(endpoint, visitor, sent) in {404, *endpoint.gives}
        assert answer.status_code == (404 if let_in else 403)
        assert not [mark for mark in house.marks() if mark in answer.text]
    assert stored(house.server, house.alice.project.number) == before


@pytest.mark.parametrize("name", ENDPOINTS)
def test_its_owner_gets_in(house: House, name: str) -> None:
    endpoint, sent = ENDPOINTS[name], REQUESTS[name](house)
    owners = {
        Auth.PROJECT_TOKEN: house.alice.token,
        Auth.MASTER_KEY: house.master,
        Auth.EDGE_TOKEN: house.edge,
        Auth.USER: house.admin,
        Auth.ADMIN: house.admin,
        Auth.NONE: None,
    }
    kind = next(kind for kind in owners if kind in endpoint.auth)
    query = {"project_id": house.alice.project.uuid} if kind is Auth.MASTER_KEY else None
    assert request(house, endpoint, sent, owners[kind], query).status_code in endpoint.gives


@pytest.mark.parametrize("name", [name for name, endpoint in ENDPOINTS.items() if not endpoint.auth])
def test_what_is_open_tells_nothing_of_her(house: House, name: str) -> None:
    before = stored(house.server, house.alice.project.number)
    sent = REQUESTS[name](house)
    if sent.path:  # what stands there is the credential, and a stranger has another
        sent = sent._replace(path={"token": "1e1f6c4e-6a0e-4b57-9c3d-0c8a1f2e3b4e"})
    sent = sent._replace(headers={each: value for each, value in sent.headers.items() if each != "X-Api-Key"})
    answer = request(house, ENDPOINTS[name], sent, None)
    assert not [mark for mark in house.marks() if mark in answer.text]
    assert untouched(before, stored(house.server, house.alice.project.number))


def test_a_wall_that_is_down_is_seen(house: House) -> None:
    """The table looks where it says it does: what Alice sees has her marks, and what she does changes her rows."""
    seen = request(house, ENDPOINTS["list_keys"], Sent(), house.alice.token).text
    assert {SECRET, house.key["id"], house.key["prefix"]} == {mark for mark in house.marks() if mark in seen}
    number = house.alice.project.number
    first = stored(house.server, number)
    assert ask(house.server, "POST", EVENTS, house.alice.token, event()).status_code == 201
    second = stored(house.server, number)
    assert ask(house.server, "DELETE", f"{KEYS}/{house.key['id']}", house.alice.token).status_code == 200
    assert not untouched(first, second)
    assert not untouched(second, stored(house.server, number))
