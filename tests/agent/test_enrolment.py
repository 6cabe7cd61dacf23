import asyncio
import logging
import threading

import pytest

from logserver.agent.client import Client
from logserver.agent.enrolment import Enrolment
from logserver.agent.folder import Folder
from tests.agent.edge import PATIENCE, Edge, Said
from tests.agent.talking import talk


async def the_id(_client: Client, enrolment: Enrolment) -> str:
    return await enrolment.id()


def test_an_agent_registers_and_is_the_same_the_next_time(edge: Edge, folder: Folder) -> None:
    first = talk(edge.url, folder, the_id)
    assert edge.agents == {"web-1": first}
    assert talk(edge.url, folder, the_id) == first
    assert talk(edge.url, folder, the_id, name="web-2") != first


def test_an_agent_whose_server_is_away_knows_who_it_is(edge: Edge, folder: Folder) -> None:
    first = talk(edge.url, folder, the_id)
    edge.refuse("register", Said(503, {}))
    assert talk(edge.url, folder, the_id) == first


def test_one_that_is_not_known_any_more_registers_again(edge: Edge, folder: Folder) -> None:
    async def lose(_client: Client, enrolment: Enrolment) -> tuple[str, str]:
        first = await enrolment.id()
        edge.agents.clear()
        enrolment.lost("another")
        assert await enrolment.id() == first
        enrolment.lost(first)
        return first, await enrolment.id()

    first, second = talk(edge.url, folder, lose)
    assert first != second
    assert list(edge.agents.values()) == [second]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Said(400, {"message": "Bad name"}), "cannot register: it answers 400: Bad name"),
        (Said(200, {"hello": "world"}), "cannot register: its answer is not that of a log server"),
        (Said(403, {"message": "edge:register is missing"}), "the key is refused with 403: edge:register is missing"),
    ],
)
def test_why_it_cannot_register_is_told_once(
    said: Said, why: str, edge: Edge, folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    async def wait(_client: Client, _enrolment: Enrolment) -> None:
        enough = 1 if said.status == 403 else 2
        await asyncio.to_thread(edge.until, lambda: edge.calls["register"] >= enough)
        await asyncio.to_thread(told.wait, PATIENCE)

    def tell(_record: logging.LogRecord) -> bool:
        told.set()
        return True

    told = threading.Event()
    caplog.handler.addFilter(tell)
    edge.refuse("register", said)
    with caplog.at_level(logging.WARNING, "logserver.agent"):
        talk(edge.url, folder, wait)
    assert len(caplog.messages) == 1
    assert why in caplog.text
