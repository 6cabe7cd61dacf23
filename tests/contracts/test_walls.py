"""Charlie sees and changes nothing: every endpoint there is, asked by everybody who should not be there.

A new endpoint needs a line in REQUESTS: what its owner sends, and, where something stands in its path, how her own
thing is made, whose id goes there. Who is let in is what the endpoint declares (``auth``); all else follows.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec
import pytest
from httpx2 import Response

from logserver.api.endpoint import Auth, Endpoint
from logserver.contracts.logstitch import routes as logstitch
from logserver.store.database import snapshot
from tests.contracts.logister.sending import NDJSON, check_in, deployment, identified, lines, mobile_token
from tests.contracts.logister.sending import event as logged
from tests.contracts.logstitch.asked import EVENTS, KEYS, ask, event, made_key, minted
from tests.examples import endpoints
from tests.serving import Sender, Serve, Server

SECRET = "what-only-alice-may-know"


class Sent(NamedTuple):
    """A request its owner could make: its body, and what stands in its path: ids of things of hers."""

    body: Any = None
    path: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}


class House:
    """A server with Alice, who has something of everything, Charlie, who has a project too, and a master key."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.alice = server.sender("wonderland")
        self.charlie = server.sender("elsewhere")
        self.master = server.token(self.alice.project, "master")
        self.key = self.made_key(self.alice, name=SECRET)
        mine = event(metadata={"note": SECRET}, idempotency_key="hers")
        assert ask(server, "POST", EVENTS, self.alice.token, mine).status_code == 201
        assert server.post("/api/v1/ingest_events", logged(message=SECRET), self.alice.token).status_code == 201
        assert server.post("/api/v1/check_ins", check_in(slug=SECRET), self.alice.token).status_code == 201
        expired = minted(server, self.alice.token, expires_in=60)
        server.clock.turn(60)
        self.visitors: dict[str, str | None] = {
            "nobody": None,
            "unknown": "pk_unknown",
            "forged viewer": minted(server, self.alice.token)[:-3] + "AAA",
            "expired viewer": expired,
            "charlie": self.charlie.token,
            "charlie's test key": self.made_key(self.charlie, mode="test")["key"],
            "charlie's viewer": minted(server, self.charlie.token),
            "other tenant's viewer": minted(server, self.alice.token, tenant_id="other"),
            "mobile": server.token(self.alice.project, "mobile"),
            "edge": server.token(self.alice.project, "edge"),
            "read": server.token(self.alice.project, "read"),
            "master": self.master,
        }

    def made_key(self, sender: Sender, **fields: Any) -> dict[str, Any]:
        return made_key(self.server, self.master, project_id=sender.project.uuid, **fields)

    def marks(self) -> list[str]:
        """What may stand in no answer to anybody else."""
        project = self.alice.project
        return [SECRET, project.slug, project.uuid, self.key["id"], self.key["prefix"]]


REQUESTS: dict[str, Callable[[House], Sent]] = {
    "ingest_event": lambda _: Sent(logged()),
    "ingest_event_batch": lambda _: Sent(lines(*identified(1)), headers=NDJSON),
    "check_in": lambda _: Sent(check_in()),
    "record_deployment": lambda _: Sent(deployment()),
    "mint_mobile_ingest_token": lambda _: Sent(mobile_token()),
    "send_audit_events": lambda _: Sent(event(idempotency_key="hers")),
    "list_audit_events": lambda _: Sent(),
    "create_key": lambda _: Sent({"name": "one more"}),
    "list_keys": lambda _: Sent(),
    "revoke_key": lambda house: Sent(path={"id": house.key["id"]}),
    "mint_viewer_token": lambda _: Sent({"tenant_id": "acme"}),
    "healthz": lambda _: Sent(),
    "readyz": lambda _: Sent(),
}

NOT_KNOWN = ("nobody", "unknown", "forged viewer", "expired viewer")
MAY = {
    "charlie": Auth.PROJECT_TOKEN,
    "charlie's test key": Auth.PROJECT_TOKEN,
    "charlie's viewer": Auth.VIEWER_TOKEN,
    "other tenant's viewer": Auth.VIEWER_TOKEN,
    "mobile": Auth.MOBILE_TOKEN,
    "edge": Auth.NONE,
    "read": Auth.NONE,
    "master": Auth.MASTER_KEY,
}
LET_IN = ("mobile", "master")
"""Alice's own app and the administrator: where they may, they may."""

BESIDE_THE_RULE = {
    ("record_deployment", "mobile"): 403,
    ("mint_mobile_ingest_token", "mobile"): 403,
    ("mint_viewer_token", "charlie's test key"): 403,
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
    return house.server.client.request(endpoint.method, path, content=raw, headers=headers, params=query)


def expected(endpoint: Endpoint, visitor: str, sent: Sent) -> int | None:
    """The status of an answer; None where the visitor is let in."""
    forbids = endpoint.path.startswith(logstitch.PREFIXES)
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
                elif owned is None and table != "generation":
                    rows.nobodys.setdefault(table, set()).add(repr(row))
    return rows


def untouched(before: Rows, after: Rows) -> bool:
    """Whether nothing of hers was changed or added, and nothing that is nobody's taken away."""
    return before.hers == after.hers and all(
        rows <= after.nobodys.get(table, set()) for table, rows in before.nobodys.items()
    )


@pytest.fixture
def house(serve: Serve) -> House:
    return House(serve(self_observability=False))


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
    master_only = Auth.MASTER_KEY in endpoint.auth and Auth.PROJECT_TOKEN not in endpoint.auth
    token = house.master if master_only else house.alice.token
    query = {"project_id": house.alice.project.uuid} if master_only else None
    assert request(house, endpoint, sent, token, query).status_code in endpoint.gives


@pytest.mark.parametrize("name", [name for name, endpoint in ENDPOINTS.items() if not endpoint.auth])
def test_what_is_open_tells_nothing_of_her(house: House, name: str) -> None:
    before = stored(house.server, house.alice.project.number)
    answer = request(house, ENDPOINTS[name], REQUESTS[name](house), None)
    assert not [mark for mark in house.marks() if mark in answer.text]
    assert untouched(before, stored(house.server, house.alice.project.number))


def test_a_wall_that_is_down_is_seen(house: House) -> None:
    """The table looks where it says it does: what Alice sees has her marks, and what she does changes her rows."""
    seen = request(house, ENDPOINTS["list_keys"], Sent(), house.alice.token).text
    assert [mark for mark in house.marks() if mark in seen] == [SECRET, house.key["id"], house.key["prefix"]]
    number = house.alice.project.number
    first = stored(house.server, number)
    assert ask(house.server, "POST", EVENTS, house.alice.token, event()).status_code == 201
    second = stored(house.server, number)
    assert ask(house.server, "DELETE", f"{KEYS}/{house.key['id']}", house.alice.token).status_code == 200
    assert not untouched(first, second)
    assert not untouched(second, stored(house.server, number))
