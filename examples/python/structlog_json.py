"""What a program logs with structlog: as JSON on standard output, and to logserver over plain HTTP.

``pip install structlog``; set LOGSERVER_URL to the server, such as http://localhost:8080, and LOGSERVER_TOKEN to a
project's token. Batches that could not be sent are sent again; each event has a uuid, so none is stored twice.
"""

import atexit
import http.client
import json
import os
import queue
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

EXIT_SECONDS = 5.0
"""How long the end of the program may wait for what is still to be sent."""

BATCH = 100
"""Events of a request, the most there may be."""


class Shipper:
    """A processor that sends what passes through it, in a thread, and leaves it as it is.

    Up to ``most`` events wait; what comes beyond them, or what the server refuses, is counted in ``dropped``.
    """

    def __init__(self, url: str, token: str, most: int = 10_000) -> None:
        self._address = f"{url.rstrip('/')}/api/v1/ingest_events/batch"
        self._token = token
        self._most = most
        self._closing = threading.Event()
        self.dropped = 0
        self._begin()
        os.register_at_fork(after_in_child=self._begin)
        atexit.register(self.close)

    def __call__(self, _logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Take an event down as it is now, to be sent by and by."""
        try:
            self._waiting.put_nowait(_line(event))
        except (queue.Full, TypeError, ValueError, RecursionError):
            self.dropped += 1
        return event

    def close(self) -> None:
        """Wait for what is still to be sent, but not for long."""
        self._closing.set()
        self._thread.join(EXIT_SECONDS)

    def _begin(self) -> None:
        # A child of this process has no thread yet, and what its parent has waiting is not its own.
        self._waiting: queue.Queue[bytes] = queue.Queue(self._most)
        self._thread = threading.Thread(target=self._run, name="shipper", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not (self._closing.is_set() and self._waiting.empty()):
            try:
                lines = [self._waiting.get(timeout=0.2)]
            except queue.Empty:
                continue
            while len(lines) < BATCH and not self._waiting.empty():
                lines.append(self._waiting.get())
            self._deliver(lines)

    def _deliver(self, lines: list[bytes]) -> None:
        """Send until the server has taken them, or has refused them."""
        pause = 0.25
        while True:
            status, retry_after = self._post(lines)
            if 200 <= status < 300:
                return
            if 400 <= status < 500 and status not in {408, 429}:
                break
            if self._closing.is_set():
                time.sleep(0.25)
            else:
                self._closing.wait(max(pause, retry_after))
            pause = min(pause * 2, 30)
        if len(lines) == 1:
            self.dropped += 1
        else:  # all are refused for the sake of one
            for line in lines:
                self._deliver([line])

    def _post(self, lines: list[bytes]) -> tuple[int, float]:
        """The status of the answer, 0 without one, and how many seconds the server asked to wait."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/x-ndjson"}
        request = urllib.request.Request(self._address, b"\n".join(lines), headers)  # noqa: S310 - your own server's
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
                return answer.status, 0
        except urllib.error.HTTPError as refused:
            with refused:
                asked = refused.headers.get("Retry-After", "")
                return refused.code, min(int(asked), 60) if asked.isdecimal() else 0
        except (OSError, http.client.HTTPException):
            return 0, 0


def _line(event: MutableMapping[str, Any]) -> bytes:
    """An event of structlog's as a line of a batch; what JSON does not know is sent as text."""
    context = {name: value for name, value in event.items() if name not in {"event", "level", "timestamp"}}
    if raised := context.pop("exception", None):
        context["exception"] = _exception(raised)
    line = {
        "uuid": str(uuid.uuid4()),
        "event_type": "error" if raised else "log",
        "level": event.get("level", "info"),
        "message": str(event.get("event", "")),
        "occurred_at": event.get("timestamp"),
        "context": context,
    }
    # A number such as NaN is no JSON; it becomes a text on the way there and back. Nor is half a character, as in the
    # name of a file that is not in UTF-8; it becomes a question mark.
    known = json.loads(json.dumps(line, default=str, skipkeys=True), parse_constant=str)
    return json.dumps({"event": known}, ensure_ascii=False).encode(errors="replace")


def _exception(raised: list[dict[str, Any]]) -> dict[str, Any]:
    """What was raised, and in it what caused it, by the names that logserver groups and shows."""
    shown: dict[str, Any] = {}
    for each in reversed(raised):
        cause = {"cause": shown} if shown else {}
        shown = {"class": each["exc_type"], "message": each["exc_value"], "frames": each["frames"], **cause}
    return shown


def send_logs(url: str, token: str) -> None:
    """Send what is logged from here on, and the errors that nobody caught; the console has it too."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # With the values of variables, secrets would be sent too.
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            Shipper(url, token),
            structlog.processors.JSONRenderer(default=str),
        ],
        cache_logger_on_first_use=True,
    )
    sys.excepthook = _failed
    threading.excepthook = _thread_failed


def _failed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, Exception):
        structlog.get_logger().critical("the program failed", exc_info=(kind, error, trace))
    else:  # Ctrl-C is no failure
        sys.__excepthook__(kind, error, trace)


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    if issubclass(failed.exc_type, Exception):
        structlog.get_logger().critical("a thread failed", exc_info=failed[:3])
    else:
        threading.__excepthook__(failed)


def main() -> None:
    """Log a few things."""
    send_logs(os.environ["LOGSERVER_URL"], os.environ["LOGSERVER_TOKEN"])
    log = structlog.get_logger()

    with structlog.contextvars.bound_contextvars(user_id=42):
        log.info("shop opened", shelf=7)
    log.warning("stock of tea is low", left=3)
    try:
        {"coffee": 12}["tea"]
    except KeyError:
        log.exception("no price")
    raise RuntimeError("the till is empty")


if __name__ == "__main__":
    main()
