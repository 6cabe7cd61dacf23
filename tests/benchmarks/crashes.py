"""Errors with stack traces, each in the words of two products: the same facts, so that both can be sent the same."""

import itertools
import json
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from tests.benchmarks.plan import seeded

KINDS = 50
"""Different errors: the groups that they fall into."""

_FRAMES = 12
_CLASSES = ("KeyError", "ValueError", "TimeoutError", "PermissionError", "CardDeclined")
_WORDS = ("order", "basket", "invoice", "shipment", "refund", "session", "coupon", "address")
_LINES = [f"    value = compute(step, {n})" for n in range(40)]


class Crash(msgspec.Struct):
    """One error of a program."""

    id: uuid.UUID
    number: int
    kind: int
    user: int

    @property
    def title(self) -> str:
        """The name of its class."""
        return f"{_CLASSES[self.kind % len(_CLASSES)]}{self.kind}"

    @property
    def value(self) -> str:
        """What it says."""
        return f"{_WORDS[self.kind % len(_WORDS)]} {self.number} was refused by part {self.kind}"

    def facts(self) -> dict[str, str]:
        """What was noted beside it."""
        return {
            "region": f"eu-{self.number % 3}",
            "tenant": f"tenant-{self.user % 300}",
            "transaction": f"/api/{_WORDS[self.kind % len(_WORDS)]}",
            "request_id": f"req-{self.id.hex[:12]}",
        }

    def frames(self) -> list[dict[str, Any]]:
        """Its stack, outermost first, each place with the lines around it."""
        return [
            {
                "filename": f"shop/part{(self.kind * 7 + at) % 90}.py",
                "lineno": at * 11 + self.kind % 17 + 6,
                "module": f"shop.part{(self.kind * 7 + at) % 90}",
                "in_app": at > 5,
                "pre_context": _LINES[at : at + 5],
                "post_context": _LINES[at + 6 : at + 11],
            }
            for at in range(_FRAMES)
        ]

    def as_envelope(self) -> bytes:
        """The body of a request as sentry-sdk sends it, uncompressed."""
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        frames = [
            frame | {"function": f"call_{at}", "context_line": _LINES[at + 5], "abs_path": f"/srv/{frame['filename']}"}
            for at, frame in enumerate(self.frames())
        ]
        facts = self.facts()
        event = {
            "event_id": self.id.hex,
            "timestamp": now,
            "platform": "python",
            "level": "error",
            "logger": "shop",
            "release": f"shop@1.{self.number // 5_000}",
            "environment": "production",
            "server_name": "web-1",
            "transaction": facts.pop("transaction"),
            "user": {"id": str(self.user)},
            "tags": facts,
            "exception": {
                "values": [
                    {
                        "type": self.title,
                        "value": self.value,
                        "mechanism": {"type": "logging", "handled": True},
                        "stacktrace": {"frames": frames},
                    }
                ]
            },
            "sdk": {"name": "sentry.python", "version": "2.75.0"},
        }
        body = json.dumps(event).encode()
        head = json.dumps({"event_id": self.id.hex, "sent_at": now}).encode()
        item = json.dumps({"type": "event", "content_type": "application/json", "length": len(body)}).encode()
        return b"\n".join((head, item, body, b""))

    def as_submission(self) -> bytes:
        """The body of a request of one event, as Logister's clients send it."""
        frames = [
            frame | {"name": f"call_{at}", "line": _LINES[at + 5], "path": f"/srv/{frame['filename']}"}
            for at, frame in enumerate(self.frames())
        ]
        event = {
            "uuid": str(self.id),
            "event_type": "error",
            "level": "error",
            "message": f"{self.title}: {self.value}",
            "occurred_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "context": {
                **self.facts(),
                "logger": "shop",
                "release": f"shop@1.{self.number // 5_000}",
                "environment": "production",
                "host": "web-1",
                "user_id": str(self.user),
                "exception": {"class": self.title, "message": self.value, "frames": frames},
            },
        }
        return json.dumps({"event": event}).encode()


def crashes(seed: int) -> Iterator[Crash]:
    """Endless errors; some kinds and users come up far more often than others. No id is ever given twice."""
    chance = seeded(seed)
    begun = time.time_ns()
    for number in itertools.count():
        made = uuid.uuid5(uuid.NAMESPACE_OID, f"{begun} {seed} {number}")
        yield Crash(made, number, int(chance.random() ** 2 * KINDS), int(chance.random() ** 2 * 5_000))
