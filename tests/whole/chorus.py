"""Senders of the three dialects that the load does not speak, all at once, and what was answered of their batches."""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from threading import Lock, Thread
from time import time
from uuid import NAMESPACE_OID, uuid5

from logserver.core import projects, tokens
from logserver.store import events
from logserver.store.connections import connect_readonly
from logserver.store.database import transaction
from tests.whole.process import Server
from tests.whole.raw import Wire, head, request
from tests.whole.shell import create_token

BATCH = 5
SENDERS_EACH = 2


class Chorus:
    """One project with its tokens; batches have names, and each of their records says of which it is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        create_token(folder, "chorus")
        self._tokens = {kind: self._token(kind) for kind in ("project", "edge")}
        self._agent = ""
        self._lock = Lock()
        self._sent = Counter[str]()
        self._strange: list[object] = []
        self.answered: set[str] = set()

    def run(self, server: Server, answers: int, then: Callable[[], None]) -> None:
        """Send until the server is gone; after so many answers ``then()`` is to see to that."""
        with Wire(server) as wire:
            told = wire.ask(request("/api/v1/edge/register", self._tokens["edge"], {"name": "web-1"}))
        self._agent = told.json()["id"]
        enough = len(self.answered) + answers

        def sing(voice: Callable[[str], bytes]) -> None:
            with suppress(ConnectionError), Wire(server) as wire:
                while True:
                    batch = self._named(voice.__name__)
                    answer = wire.ask(voice(batch))
                    with self._lock:
                        if answer.status not in {200, 201, 202}:
                            self._strange.append(answer)
                            return
                        self.answered.add(batch)
                        if len(self.answered) == enough:
                            then()

        voices = [self.audit, self.lines, self.logs] * SENDERS_EACH
        threads = [Thread(target=sing, args=(voice,)) for voice in voices]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not self._strange

    def assert_there(self) -> None:
        """Every batch that was answered is there, once; of the others, all or nothing."""
        with closing(connect_readonly(self._folder)) as connection:
            rows = connection.execute(f"SELECT {events.COLUMNS} FROM events").fetchall()
        found = Counter(batch for row in rows if (batch := _batch(events.from_row(row))) is not None)
        assert set(found.values()) <= {BATCH}, "half a batch, or one that is there twice"
        assert self.answered <= found.keys(), "answered and lost"
        assert found.keys() <= {f"{voice}-{n}" for voice, sent in self._sent.items() for n in range(sent)}

    def audit(self, batch: str) -> bytes:
        """A batch of LogStitch."""
        actor = {"id": "u1", "type": "user"}
        event = {"action": "user.signed_up", "category": "auth", "actor": actor, "tenant_id": "acme"}
        body = [
            event | {"idempotency_key": f"{batch} {number}", "metadata": {"batch": batch}} for number in range(BATCH)
        ]
        raw = json.dumps(body).encode()
        fields: dict[str, str | int] = {"Content-Type": "application/json", "Content-Length": len(raw)}
        return head("/api/v1/events", self._tokens["project"], fields) + raw

    def lines(self, batch: str) -> bytes:
        """A batch of LogFleet."""
        lines = [
            {
                "id": str(uuid5(NAMESPACE_OID, f"{batch} {number}")),
                "message": "line",
                "source": "/var/log/x.log",
                "metadata": {"batch": batch},
            }
            for number in range(BATCH)
        ]
        return request(f"/api/v1/edge/agents/{self._agent}/logs", self._tokens["edge"], {"logs": lines})

    def logs(self, batch: str) -> bytes:
        """A batch of LuminaLog."""
        entry = {"timestamp": "2026-11-21T09:30:00Z", "level": "info", "message": "entry", "metadata": {"batch": batch}}
        return request("/v1/logs", self._tokens["project"], {"logs": [entry] * BATCH})

    def _named(self, voice: str) -> str:
        with self._lock:
            number = self._sent[voice]
            self._sent[voice] += 1
        return f"{voice}-{number}"

    def _token(self, kind: str) -> str:
        with transaction(self._folder) as tx:
            owner = projects.by_slug(tx, "chorus")
            return tokens.issue(tx, kind=kind, name="test", project=owner, now_ms=int(time() * 1000)).secret


def _batch(event: events.Event) -> str | None:
    context = event.context
    held = context.get("batch") or (context.get("metadata") or {}).get("batch")
    return held if isinstance(held, str) else None
