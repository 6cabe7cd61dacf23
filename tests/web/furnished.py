"""Servers for tests of the whole house of pages, several tests long."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from starlette.testclient import TestClient

from logserver.app import Application
from logserver.core.people.passwords import Argon2, Passwords
from logserver.web.routes import DECLARED
from tests.contracts.house import House
from tests.fakes import FakeClock
from tests.serving import CHEAP, Server, settings
from tests.web.asking import Asker
from tests.web.browsing import signed_in
from tests.web.crawling import Seen, crawl
from tests.web.hostile import TEXTS, Sender, rename


@contextmanager
def running(folder: Path, clock: FakeClock, **values: Any) -> Iterator[Server]:
    """A server on a folder, for as long as the block."""
    app = Application(settings(folder, **values), clock, Passwords(Argon2(CHEAP)))
    with TestClient(app) as client:
        yield Server(app, client, clock)


class Furnished(NamedTuple):
    """A server whose store has something of everything, all of it hostile, and its admin's browser."""

    server: Server
    house: House
    sender: Sender
    admin: Asker
    seen: list[Seen]
    """Every page there is, a few of each kind."""


@contextmanager
def furnished(folder: Path, now_ms: int) -> Iterator[Furnished]:
    """A server that everybody has sent hostile texts to, in every field of every contract."""
    most = {"stream_requests_per_minute": 1_000_000, "stream_events_per_day": 100_000, "stream_events": 100_000}
    rates = {"public_api_rate_limit_requests": 1_000_000, "streams_per_day": 100_000, "open_registration": True}
    with running(folder, FakeClock(now_ms), **most, **rates) as server:
        house = House(server)
        sender = Sender(house)
        sender.whole_events()
        for endpoint in server.app.endpoints:
            sender.every_field(endpoint)
        server.administer(rename, house.alice.project.number)
        server.refusals()
        admin = Asker.like(signed_in(server, "zoe@example.com"))
        admin.headers["User-Agent"] = TEXTS["short"]
        seen = crawl(admin, starts(house.alice.project.slug))
        yield Furnished(server, house, sender, admin, seen)


def starts(slug: str) -> list[str]:
    """The pages that a reader can name without having seen any other."""
    paths = [declared.path.replace("{project}", slug) for declared in DECLARED if declared.method == "GET"]
    return [path for path in paths if "{" not in path]
