"""A load of every kind of telemetry over raw connections, with a book of what was sent and what was answered."""

import asyncio
import json
import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from types import MappingProxyType
from typing import Any

from tests.whole.process import PATIENCE, Server
from tests.whole.raw import BATCH, CHECK_INS, EVENTS, NDJSON, ask, log_event, parse_head, request

ACCEPTED = (200, 201, 202)
_LEVELS = ("debug", "info", "warning", "error", "critical", "peculiar", None)
_ENVIRONMENTS = ("production", "staging", "CI runner", None)
_PHRASES = ("connection reset by peer", "order 4711 was paid", "Überlauf in Größe", "retry=3 after 20ms", "日本語の行")
_KINDS = ("error", "error", "log", "log", "metric", "transaction", "span", "check_in")


@dataclass
class Sent:
    """One event: ``mark`` is in its context and in no other's."""

    mark: str
    kind: str
    message: str
    uuid: str | None
    answers: list[tuple[int, str]] = field(default_factory=list)
    """Status and id of every answer that said it is stored."""


@dataclass
class Parcel:
    """One request, to be sent again only where every event of it has an identity."""

    events: list[Sent]
    data: bytes
    repeatable: bool

    def note(self, status: int, body: Any) -> None:
        """Write down the answer."""
        ids = [result["id"] for result in body["results"]] if status == 202 else [body["id"]]
        for event, public_id in zip(self.events, ids, strict=True):
            event.answers.append((status, public_id))


class Load:
    """Makes requests for a few tokens and remembers all of them; one seed makes one load."""

    def __init__(self, seed: int, tokens: list[str]) -> None:
        self.random = random.Random(seed)  # noqa: S311 - it has to be repeatable, not secret
        self.tokens = tokens
        self.parcels: list[Parcel] = []
        self.strange: list[tuple[int, bytes]] = []
        """Answers that are neither accepted nor expected."""
        self._steps_left = 0
        self._then: Callable[[], None] = lambda: None

    def run(self, server: Server, *, connections: int, steps: int, then: Callable[[], None]) -> None:
        """Load the server until it goes away.

        After ``steps`` requests and answers ``then()`` is called, which is to see to its going.
        """
        self._steps_left, self._then = steps, then
        asyncio.run(_all(*(self._client(server, self._next) for _ in range(connections))))

    def send(self, server: Server, requests: int) -> None:
        """Send so many requests, one after the other."""
        made = (self._next() for _ in range(requests))
        asyncio.run(self._client(server, lambda: next(made, None)))

    def settle(self, server: Server) -> None:
        """Send again, as a client would, what was never answered and has an identity."""
        self._steps_left = 0
        waiting = [parcel for parcel in self.parcels if parcel.repeatable and not parcel.events[0].answers]
        asyncio.run(_all(*(self._client(server, lambda: waiting.pop() if waiting else None) for _ in range(8))))

    def fill(self, server: Server, *, batches: int) -> None:
        """Store about a megabyte a batch, nearly nothing of it in the index."""
        numbers = [number + 0.123456 for number in range(900)]
        for _ in range(batches):
            self.send_batch(server, "filler", {"n": numbers})

    def send_batch(
        self, server: Server, message: str, context: Mapping[str, Any] = MappingProxyType({}), **fields: Any
    ) -> None:
        """Send a batch of a hundred events that differ in their marks, again where there is no room for it yet."""
        sent = [Sent(self._mark(), "log", message, str(uuid.uuid4())) for _ in range(100)]
        lines = [log_event(message, uuid=each.uuid, context={"mark": each.mark, **context}, **fields) for each in sent]
        parcel = Parcel(sent, request(BATCH, self.tokens[0], lines, media=NDJSON), repeatable=True)
        deadline = monotonic() + PATIENCE
        while (answer := ask(server, parcel.data)).status == 503:
            assert monotonic() < deadline, answer.json()
        parcel.note(answer.status, answer.json())
        self.parcels.append(parcel)

    async def _client(self, server: Server, following: Callable[[], Parcel | None]) -> None:
        try:
            reader, writer = await asyncio.open_connection(server.host, server.port)
        except ConnectionError:
            return
        try:
            while parcel := following():
                writer.write(parcel.data)
                self._step()
                status, body = await asyncio.wait_for(_answer(reader), PATIENCE)
                self._step()
                if status in ACCEPTED:
                    parcel.note(status, json.loads(body))
                else:
                    self.strange.append((status, body))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _step(self) -> None:
        self._steps_left -= 1
        if self._steps_left == 0:
            self._then()

    def _next(self) -> Parcel:
        chance = self.random.random()
        if chance < 0.15 and self.parcels:
            earlier = self.random.choice(self.parcels)
            if earlier.repeatable:
                return earlier
        token = self.random.choice(self.tokens)
        if chance < 0.75:
            parcel = self._single(token)
        elif chance < 0.85:
            parcel = self._check_in(token)
        else:
            parcel = self._batch(token)
        self.parcels.append(parcel)
        return parcel

    def _single(self, token: str) -> Parcel:
        event, payload = self._event(identified=self.random.random() < 0.7)
        return Parcel([event], request(EVENTS, token, payload), repeatable=event.uuid is not None)

    def _batch(self, token: str) -> Parcel:
        made = [self._event(identified=True) for _ in range(self.random.randint(2, 12))]
        data = request(BATCH, token, [payload for _, payload in made], media=NDJSON)
        return Parcel([event for event, _ in made], data, repeatable=True)

    def _check_in(self, token: str) -> Parcel:
        mark = self._mark()
        slug = f"job-{self.random.randint(1, 5)}"
        status = self.random.choice(["ok", "error", "in_progress"])
        payload = {"check_in": {"slug": slug, "status": status, "duration_ms": 12, "context": {"mark": mark}}}
        event = Sent(mark, "check_in", slug, None)
        return Parcel([event], request(CHECK_INS, token, payload), repeatable=False)

    def _event(self, *, identified: bool) -> tuple[Sent, dict[str, Any]]:
        pick = self.random
        kind, mark = pick.choice(_KINDS), self._mark()
        message = f"{pick.choice(_PHRASES)} in part {pick.randint(1, 4)}"
        context: dict[str, Any] = {"mark": mark, "user_id": pick.randint(1, 50), "ok": pick.random() < 0.5}
        event: dict[str, Any] = {"event_type": kind, "message": message, "context": context}
        own = str(uuid.UUID(int=pick.getrandbits(128), version=4)) if identified else None
        event |= _present(uuid=own, level=pick.choice(_LEVELS), occurred_at=self._time())
        context |= _present(environment=pick.choice(_ENVIRONMENTS), release=pick.choice(["1.0", "1.1", None]))
        if kind == "error":
            context["exception"] = {"class": f"Error{pick.randint(1, 3)}", "message": message, "frames": [{"line": 7}]}
            event |= _present(fingerprint=pick.choice(["checkout", "login", None]))
        elif kind == "metric":
            context |= {"value": pick.choice([0, 1.5, -3, 1e6, pick.random()]), "unit": "jobs"}
        elif kind == "transaction":
            context |= {"duration_ms": pick.random() * 900, "status_code": pick.choice([200, 503])}
        elif kind == "span":
            event |= {"name": message, "trace_id": f"t-{mark}", "span_id": f"s-{mark}", "duration_ms": 3, "kind": "db"}
        elif kind == "check_in":
            context |= {"check_in_slug": f"job-{pick.randint(1, 5)}", "check_in_status": "ok"}
        return Sent(mark, kind, message, own), {"event": event}

    def _time(self) -> str | int | None:
        now = datetime.now(UTC)
        moment: str | int | None = self.random.choice(
            [
                None,
                now.isoformat(),
                (now - timedelta(seconds=self.random.randint(0, 200_000))).isoformat(),
                int(now.timestamp()),  # many share this millisecond
                (now + timedelta(days=2)).isoformat(),  # no clock of ours: filed under its receipt
            ]
        )
        return moment

    def _mark(self) -> str:
        return f"{self.random.getrandbits(64):016x}"


async def _all(*clients: Any) -> None:
    await asyncio.gather(*clients)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    raw = await reader.readuntil(b"\r\n\r\n")
    status, headers = parse_head(raw.removesuffix(b"\r\n\r\n"))
    return status, await reader.readexactly(int(headers["content-length"]))


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
