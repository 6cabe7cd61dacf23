"""What the services send in an hour: transactions with their spans, log lines, and errors, as Logister's clients do."""

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from logserver.core.times import iso_text
from logserver.demo.calendar import Calendar
from logserver.demo.company import CUSTOMERS, DAY_MS, ENVIRONMENT, HOUR_MS, SERVICES, Route, Service
from logserver.demo.failures import FAILURES, POOL, Failure

Fields = dict[str, Any]
"""The fields of an event, as they stand below ``event`` in the body of a request."""

_STATEMENTS = ("SELECT stations", "SELECT bikes", "SELECT rentals", "UPDATE bikes", "INSERT rides", "SELECT customers")
_BROWSERS = ("Firefox 144 on Linux", "Safari 26 on iOS", "Chrome 146 on Android", "Chrome 146 on Windows")


class _Request(NamedTuple):
    """A request as its spans see it; ``shared`` is the context that all of them have."""

    at_ms: int
    ms: float
    shared: Fields
    span_id: str

    def span(self, name: str, kind: str, lasts: tuple[float, float], span_id: str, parent: str | None = None) -> Fields:
        """A span that begins so many milliseconds into the request, and takes so many."""
        begins, long = lasts
        return {
            "event_type": "span",
            "name": name,
            "kind": kind,
            "duration_ms": round(long, 2),
            "started_at": iso_text(int((self.at_ms + begins) * 1000)),
            "trace_id": self.shared["trace_id"],
            "span_id": span_id,
            **({"parent_span_id": parent} if parent else {}),
            "context": self.shared,
        }


class Traffic:
    """Makes up events; the same ``dice`` make the same ones."""

    def __init__(self, calendar: Calendar, dice: random.Random) -> None:
        self._calendar = calendar
        self._dice = dice

    def of_hour(self, hour_ms: int) -> Iterator[tuple[str, Fields]]:
        """The events of the hour from a time, each with the slug of its project."""
        for service in SERVICES:
            for at_ms in self._moments(hour_ms, service.hourly * self._calendar.busy(hour_ms)):
                route = self._dice.choices(service.routes, [route.weight for route in service.routes])[0]
                yield from ((service.project, fields) for fields in self._request(service, route, at_ms))
        yield from self._failures(hour_ms)

    def _moments(self, hour_ms: int, mean: float) -> list[int]:
        number = int(mean) + (self._dice.random() < mean % 1)
        until = min(hour_ms + HOUR_MS, self._calendar.now_ms)
        return sorted(self._dice.randrange(hour_ms, max(until, hour_ms + 1)) for _ in range(number))

    def _id(self, digits: int) -> str:
        return f"{self._dice.getrandbits(digits * 4):0{digits}x}"

    def _context(self, service: Service, at_ms: int, **more: Any) -> Fields:
        return {
            "environment": ENVIRONMENT,
            "release": self._calendar.release(service.project, at_ms),
            "service": service.name,
            "runtime": service.runtime,
            **more,
        }

    def _request(self, service: Service, route: Route, at_ms: int) -> Iterator[Fields]:
        trace_id, root, request_id = self._id(32), self._id(16), f"req-{self._id(8)}"
        ill = service.name == "web" and route.database > 3 and self._calendar.in_incident(at_ms)
        ms = self._dice.lognormvariate(0, 0.35) * route.ms * (self._dice.uniform(4, 12) if ill else 1)
        failed = self._dice.random() < (0.4 if ill else 0.003)
        status = 500 if failed else self._dice.choices((200, 304, 404), (94, 4, 2))[0]
        user = self._dice.randrange(len(CUSTOMERS) * 40)
        shared = self._context(service, at_ms, trace_id=trace_id, request_id=request_id, user_id=f"cus_{user:04d}")
        yield self._transaction(route, at_ms, ms, {**shared, "status_code": status, "span_id": root})
        place = route.name.replace("{id}", str(user))
        yield {
            "event_type": "log",
            "level": "error" if failed else "info",
            "message": f"{place} {status} in {ms:.0f} ms",
            "occurred_at": iso_text(int((at_ms + ms) * 1000)),
            "context": {**shared, "status": status, "duration": round(ms, 1)},
        }
        if self._dice.random() < 0.3 or failed:
            yield from self._spans(service, route, _Request(at_ms, ms, shared, root))

    def _spans(self, service: Service, route: Route, request: _Request) -> Iterator[Fields]:
        ms, root = request.ms, request.span_id
        yield request.span(route.name, "queue" if route.name.endswith("Job") else "server", (0, ms), root)
        handler, at = self._id(16), ms * 0.04
        view = route.name.rpartition(" ")[2].strip("/") or "home"
        yield request.span(f"{service.name}.{view}", "app", (at, ms * 0.9), handler, root)
        share = ms * 0.55 / max(route.database, 1)
        for _ in range(route.database):
            long = share * self._dice.uniform(0.4, 1.2)
            name = f"db.query {self._dice.choice(_STATEMENTS)}"
            yield request.span(name, "db", (at + 1, long), self._id(16), handler)
            at += long + share * 0.15
        rest = max(ms * 0.92 - at, 0.1)
        if route.remote:
            call = self._id(16)
            yield request.span(f"call {route.remote}", "http", (at, rest), call, handler)
            yield request.span(f"{route.remote} answers", "server", (at + rest * 0.1, rest * 0.8), self._id(16), call)
        else:
            yield request.span("render", "render", (at, rest * 0.8), self._id(16), handler)

    def _error(self, service: Service, failure: Failure, at_ms: int, shared: Fields) -> Fields:
        method, _, path = failure.route.partition(" ")
        request = {
            "method": method,
            "url": f"https://harbourbikes.example{path.replace('{id}', '1042')}",
            "headers": {"User-Agent": self._dice.choice(_BROWSERS), "Accept-Language": "de,en;q=0.7"},
        }
        return {
            "event_type": "error",
            "level": failure.level,
            "message": f"{failure.kind}: {failure.message}",
            "occurred_at": iso_text(at_ms * 1000),
            "context": {
                **shared,
                "exception": failure.exception(),
                **({"request": request, "transaction_name": failure.route} if path else {}),
                "host": f"{service.name}-{self._dice.randrange(1, 4)}",
            },
        }

    def _failures(self, hour_ms: int) -> Iterator[tuple[str, Fields]]:
        services = {service.name: service for service in SERVICES}
        age = (self._calendar.now_ms - hour_ms) / DAY_MS
        for failure in FAILURES:
            if failure.until_days <= age <= failure.since_days:
                for at_ms in self._moments(hour_ms, failure.hourly * self._calendar.busy(hour_ms)):
                    yield from self._failed(services[failure.service], failure, at_ms)
        if self._calendar.in_incident(hour_ms) or self._calendar.in_incident(hour_ms + HOUR_MS - 1):
            for at_ms in filter(self._calendar.in_incident, self._moments(hour_ms, 140)):
                yield from self._failed(services[POOL.service], POOL, at_ms)

    def _failed(self, service: Service, failure: Failure, at_ms: int) -> Iterator[tuple[str, Fields]]:
        """A request that ends in an error: with its trace, where the error is of a route."""
        user, root = self._dice.randrange(len(CUSTOMERS) * 40), self._id(16)
        shared = self._context(service, at_ms, request_id=f"req-{self._id(8)}", user_id=f"cus_{user:04d}")
        route = next((route for route in service.routes if route.name == failure.route), None)
        if route is not None:
            shared["trace_id"] = self._id(32)
            ms = 30_000 if failure is POOL else self._dice.lognormvariate(0, 0.4) * route.ms
            shared["span_id"] = root
            yield service.project, self._transaction(route, at_ms, ms, {**shared, "status_code": 500})
            request = _Request(at_ms, ms, shared, root)
            yield from ((service.project, fields) for fields in self._spans(service, route, request))
        yield service.project, self._error(service, failure, at_ms, shared)

    @staticmethod
    def _transaction(route: Route, at_ms: int, ms: float, context: Fields) -> Fields:
        return {
            "event_type": "transaction",
            "message": route.name,
            "transaction_name": route.name,
            "duration_ms": round(ms, 2),
            "level": "error" if context["status_code"] == 500 else "info",
            "occurred_at": iso_text(at_ms * 1000),
            "context": context,
        }
