"""Requests of all four dialects, mixed as they come from a few dozen programs, every record with its number."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

from logserver.core.clock import SystemClock
from logserver.core.times import iso_text
from tests.benchmarks.load import request
from tests.benchmarks.plan import seeded
from tests.endurance.book import RETAINED_MS, Book, Parcel
from tests.endurance.place import Place

NDJSON = "application/x-ndjson"
_FRESH_MS = 90_000
"""How long a record that is to expire has left as it is sent."""

_WORDS = (
    *("order", "was", "paid", "after", "the", "cache", "of", "shard", "gave", "way", "to", "another", "reader"),
    *("while", "request", "completed", "with", "retry", "in", "checkout", "search", "mailer", "gateway", "slowly"),
)


class Traffic:
    """Makes requests; of any hundred in succession there are as many of each kind as ``kinds`` says."""

    def __init__(self, place: Place, book: Book, seed: int) -> None:
        self._place = place
        self._book = book
        self._chance = seeded(seed)
        self._clock = SystemClock()
        self._makers: dict[str, tuple[int, Callable[[], Parcel]]] = {
            "logister: event": (34, self._event),
            "logister: expiring event": (8, self._expiring),
            "logister: batch of 20": (4, self._batch),
            "logister: check-in": (4, self._check_in),
            "logstitch: event": (10, lambda: self._audit(1)),
            "logstitch: array of 10": (3, lambda: self._audit(10)),
            "luminalog: line": (8, lambda: self._lines(1)),
            "luminalog: batch of 20": (9, lambda: self._lines(20)),
            "logfleet: heartbeat": (8, self._heartbeat),
            "logfleet: points": (8, self._points),
            "logfleet: shipment of 20": (4, self._shipment),
        }
        self._drawn: list[str] = []

    @property
    def kinds(self) -> dict[str, int]:
        """How many of a hundred requests are of which kind."""
        return {name: weight for name, (weight, _) in self._makers.items()}

    def next(self) -> Parcel:
        """The next request, about to be sent."""
        if not self._drawn:
            self._drawn = [name for name, weight in self.kinds.items() for _ in range(weight)]
            self._chance.shuffle(self._drawn)
        kind = self._drawn.pop()
        parcel = self._makers[kind][1]()._replace(kind=kind)
        self._book.sent(parcel)
        return parcel

    def _parcel(
        self, path: str, token: str, body: str, first: int, count: int, *, media: str = "application/json"
    ) -> Parcel:
        return Parcel("", request(path, body.encode(), token=token, media_type=media), first, count)

    def _message(self) -> str:
        return " ".join(self._chance.choices(_WORDS, k=8))

    def _attributes(self, number: int) -> str:
        chance = self._chance
        return (
            f'"mark":{number},"environment":"production","release":"2026.{number // 100_000 % 12}",'
            f'"service":"{_WORDS[number % 24]}","trace_id":"{chance.getrandbits(64):016x}",'
            f'"request_id":"req-{chance.getrandbits(32):08x}","user_id":{chance.randrange(20_000)},'
            f'"region":"eu-{number % 3}","host":"web-{number % 32}","route":"/api/{_WORDS[number % 20]}",'
            f'"status_code":{200 if number % 50 else 500},"duration_ms":{chance.random() * 500:.1f}'
        )

    def _fields(self, number: int) -> str:
        """An event as Logister takes it, without its braces: of 20 there are 14 logs and 6 of other types."""
        which, attributes, message = number % 20, self._attributes(number), self._message()
        if which < 14:
            return f'"event_type":"log","level":"info","message":"{message}","context":{{{attributes}}}'
        if which < 16:
            error = f'"exception":{{"class":"ValueError","message":"{message}","backtrace":["a.rb:1:in b"]}}'
            return (
                f'"event_type":"error","level":"error","message":"{message}",'
                f'"fingerprint":"error-{number % 400}","context":{{{attributes},{error}}}'
            )
        if which == 16:
            value = f'{attributes},"value":{number % 97}'
            return f'"event_type":"metric","message":"queue.{number % 30}","context":{{{value}}}'
        if which == 17:
            name = f"GET /things/{number % 40}"
            return (
                f'"event_type":"transaction","message":"{name}","transaction_name":"{name}","context":{{{attributes}}}'
            )
        return (
            f'"event_type":"span","name":"step","kind":"db","duration_ms":3,"message":"step",'
            f'"trace_id":"t{number // 20}","span_id":"s{number}","context":{{{attributes}}}'
        )

    def _event(self) -> Parcel:
        number = self._book.numbers(1)
        return self._parcel(
            "/api/v1/ingest_events", self._place.app, f'{{"event":{{{self._fields(number)}}}}}', number, 1
        )

    def _expiring(self) -> Parcel:
        number, occurred = self._book.numbers(1), self._clock.now_ms() - RETAINED_MS + _FRESH_MS
        body = (
            f'{{"event":{{"event_type":"log","level":"info","message":"{self._message()}",'
            f'"occurred_at":"{iso_text(occurred * 1000)}","context":{{{self._attributes(number)}}}}}}}'
        )
        parcel = self._parcel("/api/v1/ingest_events", self._place.old, body, number, 1)
        return parcel._replace(occurred_ms=occurred)

    def _batch(self) -> Parcel:
        first = self._book.numbers(20)
        lines = [
            f'{{"event":{{"uuid":"{number:08x}-0000-4000-8000-{self._chance.getrandbits(48):012x}",{self._fields(number)}}}}}'
            for number in range(first, first + 20)
        ]
        return self._parcel("/api/v1/ingest_events/batch", self._place.app, "\n".join(lines), first, 20, media=NDJSON)

    def _check_in(self) -> Parcel:
        number = self._book.numbers(1)
        body = (
            f'{{"check_in":{{"slug":"job-{number % 50}","status":"ok","expected_interval_seconds":3600,'
            f'"context":{{"mark":{number}}}}}}}'
        )
        return self._parcel("/api/v1/check_ins", self._place.app, body, number, 1)

    def _audit(self, count: int) -> Parcel:
        first = self._book.numbers(count)
        made = [
            f'{{"action":"invoice.{_WORDS[number % 24]}","category":"mutation","tenant_id":"tenant-{number % 200}",'
            f'"actor":{{"id":"user_{number % 5_000}","type":"user"}},'
            f'"target":{{"id":"invoice_{number}","type":"invoice"}},'
            f'"metadata":{{"mark":{number},"note":"{self._message()}"}}}}'
            for number in range(first, first + count)
        ]
        body = made[0] if count == 1 else f"[{','.join(made)}]"
        return self._parcel("/api/v1/events", self._place.audit, body, first, count)

    def _lines(self, count: int) -> Parcel:
        first, at = self._book.numbers(count), datetime.now(UTC).isoformat(timespec="milliseconds")
        made = [
            f'{{"timestamp":"{at}","level":"{"error" if number % 40 == 0 else "info"}",'
            f'"message":"{self._message()}","metadata":{{{self._attributes(number)}}}}}'
            for number in range(first, first + count)
        ]
        return self._parcel("/v1/logs", self._place.lines, f'{{"logs":[{",".join(made)}]}}', first, count)

    def _heartbeat(self) -> Parcel:
        agent = self._chance.choice(self._place.agents)
        return self._parcel(f"/api/v1/edge/agents/{agent.id}/heartbeat", agent.key, "{}", 0, 0)

    def _points(self) -> Parcel:
        agent = self._chance.choice(self._place.agents)
        values = [self._chance.randint(1, 9) for _ in range(5)]
        points = [{"name": f"lines_{n}_total", "type": "counter", "value": value} for n, value in enumerate(values)]
        body = json.dumps({"agent_id": agent.id, "points": points})
        return self._parcel("/api/v1/edge/metrics", agent.key, body, 0, 0)._replace(points=sum(values))

    def _shipment(self) -> Parcel:
        agent, first = self._chance.choice(self._place.agents), self._book.numbers(20)
        lines = [
            f'{{"id":"{number:08x}-0000-4000-9000-{self._chance.getrandbits(48):012x}","level":"info",'
            f'"source":"/var/log/app.log","message":"{self._message()}","metadata":{{"mark":{number}}}}}'
            for number in range(first, first + 20)
        ]
        body = f'{{"logs":[{",".join(lines)}]}}'
        return self._parcel(f"/api/v1/edge/agents/{agent.id}/logs", agent.key, body, first, 20)
