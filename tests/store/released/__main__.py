"""Makes the store of a release anew: ``python -m tests.store.released CHECKOUT``.

CHECKOUT is the source of that release, whose own server is run and sent all that it takes: a load of every kind of
telemetry, and its own examples.
"""

import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from logserver.store.connections import FILE, connect_readonly
from logserver.store.migrations import version
from tests.store.released import book
from tests.store.released.book import BESIDE, EMAIL, PASSWORD, STREAM, Book
from tests.whole.load import Load, Parcel
from tests.whole.process import PROGRAM, Server, environment, serving
from tests.whole.raw import Answer, ask, request

REQUESTS = 160
KEPT_DAYS = "36500"
"""Its events have to be there in years."""

AUDIT = {"action": "user.signed_up", "category": "auth", "actor": {"id": "u1", "type": "user"}, "tenant_id": "acme"}


class Release:
    """The program of a release, and the folder it works in."""

    def __init__(self, checkout: Path, data: Path) -> None:
        self.checkout = checkout
        self.data = data

    def has(self, path: str) -> bool:
        return (self.checkout / path).exists()

    def shell(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "logserver", *command, "--data", str(self.data)],
            cwd=self.checkout,
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def token(self, kind: str, project: str | None = BESIDE) -> str:
        return self.shell("token", "create", kind, "--kind", kind, *(["--project", project] if project else []))

    def example(self, name: str, server: Server, **tokens: str) -> None:
        """Run one of its examples, if it has it."""
        if self.has(f"examples/{name}"):
            variables = environment() | {"URL": server.base_url, **tokens}
            script = str(self.checkout / "examples" / name)
            subprocess.run(["sh", script], env=variables, stdout=subprocess.DEVNULL, check=True)


def make(checkout: Path) -> Book:
    """Make the store of a release, and write it down."""
    with tempfile.TemporaryDirectory() as scratch:
        release = Release(checkout, Path(scratch) / "data")
        for slug in ("app", BESIDE):
            release.shell("project", "create", slug, "--retention-days", KEPT_DAYS)
        tokens = {"app": release.token("project", "app"), "project": release.token("project")}
        load = Load(7, [tokens["app"]])
        with serving(release.data, program=("env", "-C", str(checkout), *PROGRAM)) as server:
            load.send(server, REQUESTS)
            assert not load.strange
            fill(release, server, tokens)
        with closing(connect_readonly(release.data)) as connection:
            schema = version(connection)
        made = Book(
            schema,
            tokens,
            [Parcel(parcel.events, b"", parcel.repeatable) for parcel in load.parcels],
            len(release.shell("search", "--limit", "1000", "--json").splitlines()),
            {
                name: (release.data / name).read_bytes().hex()
                for name in ("audit.key", "audit.heads")
                if (release.data / name).exists()
            },
        )
        content = zstandard.ZstdCompressor(level=19).compress((release.data / FILE).read_bytes())
    book.packed(schema).write_bytes(content)
    book.written(schema).write_bytes(zstandard.ZstdCompressor(level=19).compress(msgspec.json.encode(made)))
    return made


def fill(release: Release, server: Server, tokens: dict[str, str]) -> None:
    """Send the server of a release all that it takes beside the load."""
    release.example("curl.sh", server, TOKEN=tokens["project"])
    release.example("luminalog.sh", server, TOKEN=tokens["project"])
    if release.has("examples/logstitch.sh"):
        tokens["master"] = release.token("master", None)
        release.example("logstitch.sh", server, TOKEN=tokens["project"], MASTER=tokens["master"], PROJECT=BESIDE)
        told(ask(server, request(f"/api/v1/streams/{STREAM}/events", "", AUDIT)))
    if release.has("logserver/agent"):
        tokens["edge"] = release.token("edge")
        people(server, tokens["edge"])


def people(server: Server, edge: str) -> None:
    """The first person, an agent, a line of it, a rule that makes metrics of its lines, and points of those."""
    who = {"email": EMAIL, "password": PASSWORD, "name": "Ada", "organization_name": "Analytical Engines"}
    # Who is the first must call the server as its own machine does.
    first = request("/api/v1/auth/register", "", who).replace(
        b"Host: test", f"Host: {server.host}:{server.port}".encode()
    )
    told(ask(server, first))
    session = told(ask(server, request("/api/v1/auth/login", "", {"email": EMAIL, "password": PASSWORD})))["token"]
    agent = told(ask(server, request("/api/v1/edge/register", edge, {"name": "web-1"})))["id"]
    metric = {"name": "http_requests_total", "type": "counter", "pattern": "status=(?P<status>[0-9]{3})"}
    rule = {"name": "web", "log_source": "", "metrics": [metric | {"labels": ["status"]}]}
    line = {"id": STREAM, "message": "path=/orders status=200", "source": "/var/log/web.log"}
    point = {"name": metric["name"], "type": "counter", "value": 3, "labels": {"status": "200"}}
    for path, token, body in (
        ("/api/v1/metric-configs", session, rule),
        (f"/api/v1/edge/agents/{agent}/heartbeat", edge, {}),
        (f"/api/v1/edge/agents/{agent}/logs", edge, {"logs": [line]}),
        (f"/api/v1/edge/agents/{agent}/metrics", edge, {"points": [point]}),
    ):
        told(ask(server, request(path, token, body)))


def told(answer: Answer) -> Any:
    assert answer.status in {200, 201, 202}, answer
    return answer.json()


if __name__ == "__main__":
    one = make(Path(sys.argv[1]).absolute())
    print(f"schema {one.schema}: {len(one.parcels)} requests, {one.events} events")
