"""What is taken of a body after its refusal."""

import asyncio
from typing import Any

import pytest

from logserver.api.linger import let_finish

MEGABYTE = 1_024 * 1_024


async def taken(messages: int, *, ends: bool) -> int:
    """How many parts of a megabyte are taken of a body that has so many, and then ends or goes silent."""
    count = 0

    async def receive() -> Any:
        nonlocal count
        if count == messages and not ends:
            raise asyncio.CancelledError  # the server stops
        count += 1
        return {"type": "http.request", "body": b" " * MEGABYTE, "more_body": count < messages or not ends}

    await let_finish(receive)
    return count


@pytest.mark.parametrize(("messages", "ends", "most"), [(1, True, 1), (10, True, 10), (3, False, 3), (1_000, True, 64)])
def test_it_is_taken_to_its_end_or_its_bound(messages: int, most: int, *, ends: bool) -> None:
    assert asyncio.run(taken(messages, ends=ends)) == most


def test_a_client_that_goes_away_is_not_waited_for() -> None:
    async def receive() -> Any:
        return {"type": "http.disconnect"}

    asyncio.run(let_finish(receive))
