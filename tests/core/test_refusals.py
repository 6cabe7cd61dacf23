"""Refused submissions, gathered by what was refused."""

from typing import Any

from logserver.core import projects, refusals
from logserver.core.observer import Refusal
from logserver.core.refusals import Lately
from tests.serving import Server


def gathered(server: Server) -> Lately:
    server.refusals()
    return server.administer(refusals.lately, server.clock.now_ms())


def note(server: Server, **values: Any) -> None:
    observer = server.app.observer
    if observer.wants():
        observer.note(Refusal(**{"reason": "invalid", "status": 422, "endpoint": "POST /x", **values}))


def test_a_store_without_refusals_has_none(server: Server) -> None:
    assert gathered(server) == Lately([], server.clock.now_ms() - 86_400_000, 0)


def test_they_are_counted_by_reason_endpoint_and_project_the_most_frequent_first(server: Server) -> None:
    note(server, project="shop")
    server.clock.turn(5)
    for _ in range(2):
        note(server)
    found = gathered(server)
    now = server.clock.now_ms()
    assert [(each.project, each.times, each.last_at) for each in found.kinds] == [
        ("", 2, now),
        ("shop", 1, now - 5_000),
    ]


def test_those_that_nobody_noted_are_told_as_well(server: Server) -> None:
    for _ in range(75):
        note(server)
    server.clock.turn(61)
    note(server)
    found = gathered(server)
    assert (found.kinds[0].times, found.unrecorded) == (61, 15)


def test_other_events_of_the_servers_project_are_none(server: Server) -> None:
    own = server.administer(projects.ensure_own, server.clock.now_ms())
    body = {"event": {"event_type": "log", "message": "m", "context": {"reason": 7, "status": 422, "endpoint": "x"}}}
    assert server.post("/api/v1/ingest_events", body, server.token(own)).status_code == 201
    assert gathered(server).kinds == []
