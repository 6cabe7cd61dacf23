"""The live tail: server-sent events with what a search finds, as it arrives."""

from collections.abc import AsyncIterator
from functools import partial

import msgspec
from starlette.responses import Response

from logserver.core.faults import Invalid
from logserver.core.live.tails import Tail
from logserver.core.searching.lines import line
from logserver.store.events import Event
from logserver.store.ids import Spelling
from logserver.web.answers import Stream
from logserver.web.logs.asked import Asked
from logserver.web.logs.welcome import still_welcome
from logserver.web.visit import Visit

LOOK_SECONDS = 5.0
"""How often it is looked whether the watcher may still watch; also how often an idle line gives a sign of life."""
RETRY_MS = 3_000
"""How long a browser waits before it connects again."""
ENDED = "Your session has ended, or you are not in this project any more."
_LONGEST_SEQ = 19

_encode = msgspec.json.Encoder().encode


async def live(visit: Visit) -> Response:
    """Events ``records`` (a list of lines), ``dropped`` (a number) and ``ended`` (a reason, after which none comes).

    ``gap`` comes first where what arrived after the place to go on from is known no more.

    ``after`` in the query, or the Last-Event-ID of a browser that connects again, is where to go on.
    """
    asked = Asked(visit)
    if asked.wrong is not None:
        raise Invalid([("q", asked.wrong.message)])
    tails = visit.site.tails
    shape = partial(_shaped, visit.site.resources.database.spelling, asked.columns)
    search = msgspec.structs.replace(asked.search(), since_ms=None, until_ms=None)
    tail = await tails.join(search, shape, visit.user.uuid, _after(visit))
    return Stream(_events(visit, tail), partial(tails.leave, tail), media="text/event-stream", headers={})


def _shaped(spelling: Spelling, columns: tuple[str, ...], event: Event) -> bytes:
    return _encode(line(event, spelling, columns))


def _after(visit: Visit) -> int | None:
    sent = visit.request.headers.get(b"last-event-id", b"").decode("latin-1") or visit.query.get("after", "")
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < _LONGEST_SEQ else None


async def _events(visit: Visit, tail: Tail) -> AsyncIterator[bytes]:
    clock = visit.site.resources.clock
    yield b"retry: %d\nid: %d\nevent: begun\ndata: {}\n\n" % (RETRY_MS, tail.seq)
    if tail.gap:
        yield b"event: gap\ndata: {}\n\n"
    looked = clock.monotonic()
    while True:
        await tail.wait(LOOK_SECONDS)
        taken = tail.take()
        if taken.dropped:
            yield b"event: dropped\ndata: %d\n\n" % taken.dropped
        if taken.lines:
            yield b"id: %d\nevent: records\ndata: [%s]\n\n" % (taken.seq, b",".join(taken.lines))
        if tail.ended is not None:
            yield _ended(tail.ended)
            return
        if clock.monotonic() - looked >= LOOK_SECONDS:
            looked = clock.monotonic()
            if not await still_welcome(visit):
                yield _ended(ENDED)
                return
            yield b": still here\n\n"


def _ended(reason: str) -> bytes:
    return b"event: ended\ndata: %s\n\n" % _encode(reason)
