"""What is offered while a query is typed."""

import pytest

from logserver.core.searching.completion import Completion, complete
from logserver.store.query import Facet
from logserver.store.syntax import parse
from tests.serving import Sender, Server


@pytest.fixture
def told(server: Server, sender: Sender) -> Sender:
    for n in range(6):
        context = {"service": "api" if n else "big worker", "user_id": n % 2, "Tenant": "A", "share": 0.5, "ok": n > 1}
        body = {"event": {"event_type": "log", "message": "m", "level": "warn", "context": context}}
        assert server.post("/api/v1/ingest_events", body, sender.token).status_code == 201
    other = server.sender()
    server.post(
        "/api/v1/ingest_events", {"event": {"event_type": "log", "message": "m", "context": {"secret": 1}}}, other.token
    )
    return sender


def offered(server: Server, sender: Sender, text: str, at: int | None = None) -> Completion:
    async def completed() -> Completion:
        return await server.app.database.read(complete, sender.project, text, len(text) if at is None else at)

    return server.run(completed)


def texts(found: Completion) -> list[str]:
    return [offer.text for offer in found.offers]


@pytest.mark.parametrize(
    ("text", "begin", "first"),
    [
        ("serv", 0, ["service:"]),
        ("level:warn ser", 11, ["service:"]),
        ("-(user", 2, ["user_id:"]),
        ("service:", 8, ["api", '"big worker"']),
        ("service:b", 8, ['"big worker"']),
        ('service:"big', 8, ['"big worker"']),
        ("-service:a", 9, ["api"]),
        ("SERVICE:a", 8, ["api"]),
        ("tenant:", 7, ["A"]),
        ("user_id:", 8, ["1", "0"]),
        ("ok:", 3, ["true", "false"]),
        ("level:w", 6, ["warn"]),
        ("type:tr", 5, ["transaction"]),
        ("env:prod", 4, ["production"]),
        ("share:", 6, []),
        ("secr", 0, []),
        ("secret:", 7, []),
        ('"serv', 5, []),
    ],
)
def test_fields_and_values_of_this_project_are_offered(
    server: Server, told: Sender, text: str, begin: int, first: list[str]
) -> None:
    found = offered(server, told, text)
    assert (found.begin, found.end, texts(found)[: len(first)]) == (begin, len(text), first)
    assert bool(found.offers) == bool(first)


def test_what_is_offered_is_a_term_of_the_language(server: Server, told: Sender) -> None:
    for offer in offered(server, told, "service:").offers:
        assert isinstance(parse(f"service:{offer.text}"), Facet)


def test_the_caret_says_what_is_completed(server: Server, told: Sender) -> None:
    found = offered(server, told, "serv level:warn", 4)
    assert (found.begin, found.end, texts(found)) == (0, 4, ["service:"])
    assert offered(server, told, "abc", 99).end == 3


def test_nothing_there_offers_what_every_record_has(server: Server, sender: Sender) -> None:
    assert {"level:", "type:", "message:", "environment:", "release:"} <= set(texts(offered(server, sender, "")))
