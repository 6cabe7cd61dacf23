"""Letting a sender finish: one that sends a whole body before it reads would not see an answer given before that."""

import asyncio
from contextlib import suppress

from starlette.types import Receive

_MOST_BYTES = 64 * 1_024 * 1_024
_SECONDS = 5.0


async def let_finish(receive: Receive) -> None:
    """Take what is left of a refused body and drop it, up to 64 MiB and 5 seconds.

    A connection that is closed while its peer still sends is reset, and the reset takes the answer with it.
    """
    taken = 0
    # A server that stops does not wait for it either.
    with suppress(TimeoutError, asyncio.CancelledError):
        async with asyncio.timeout(_SECONDS):
            while taken < _MOST_BYTES:
                message = await receive()
                taken += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
