"""What an open WebSocket does when one of the two who work on it fails."""

import asyncio

import pytest
from starlette.types import Message

from logserver.api.connections import Connection
from logserver.api.request import Request


class Peer:
    """The other side of a connection: says these texts, then nothing more, and keeps what it is sent."""

    def __init__(self, *texts: str) -> None:
        self._texts = list(texts)
        self.heard: list[Message] = []

    async def receive(self) -> Message:
        if self._texts:
            return {"type": "websocket.receive", "text": self._texts.pop(0)}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: Message) -> None:
        self.heard.append(message)


class Broken(Exception):
    """What nobody expects."""


async def conversing(peer: Peer) -> None:
    async def tell() -> bool:
        return False

    async def hear(message: str | bytes) -> None:
        raise Broken(message)

    connection = Connection(Request("/", [], None), peer.receive, peer.send)
    async with asyncio.timeout(10):
        await connection.converse(tell, hear)


def test_a_failure_to_hear_is_raised_and_does_not_leave_the_connection_deaf() -> None:
    with pytest.raises(Broken, match="what"):
        asyncio.run(conversing(Peer("what")))
