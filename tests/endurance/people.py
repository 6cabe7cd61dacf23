"""People who read while others send: pages one after another, and live tails that are left open."""

import http.client
import itertools
import threading
import time
from collections import Counter

import msgspec

PATHS = (
    "/projects",
    "/p/app/inbox",
    "/p/app/logs",
    "/p/lines/logs?q=level%3Aerror",
    "/p/app/performance",
    "/p/app/traces",
    "/p/app/metrics",
    "/p/app/monitors",
    "/p/audit/audit",
    "/p/app/alerts",
    "/agents",
    "/server",
)
_TAILS = ("/p/app/logs/live", "/p/lines/logs/live?q=level%3Aerror")
_PATIENCE = 60.0


class Readings(msgspec.Struct):
    """What people saw."""

    seconds: list[float]
    """How long each page took."""
    statuses: Counter[int]
    """Answers by status; 0 for a connection that broke."""
    slowest: str
    tailed: int
    """Bytes that the live tails brought."""
    broken: int
    """Live tails that ended by themselves."""


def read(port: int, session: str, seconds: float, every: float) -> Readings:
    """Ask for a page ``every`` so many seconds, with live tails open beside; run in a process of its own."""
    ending = threading.Event()
    tails = [_Tail(port, session, path, ending) for path in _TAILS]
    for tail in tails:
        tail.start()
    taken: list[tuple[float, str]] = []
    statuses: Counter[int] = Counter()
    begun = time.perf_counter()
    for path in itertools.cycle(PATHS):
        if (due := time.perf_counter()) - begun >= seconds:
            break
        statuses[_asked(port, session, path)] += 1
        taken.append((time.perf_counter() - due, path))
        time.sleep(max(due + every - time.perf_counter(), 0))
    ending.set()
    for tail in tails:
        tail.join(_PATIENCE)
    return Readings(
        [took for took, _ in taken],
        statuses,
        max(taken)[1] if taken else "",
        sum(tail.taken for tail in tails),
        sum(tail.broken for tail in tails),
    )


def _connect(port: int, session: str, path: str, timeout: float) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    connection.request("GET", path, headers={"Cookie": f"logserver_session={session}", "Accept": "text/html"})
    return connection


def _asked(port: int, session: str, path: str) -> int:
    try:
        connection = _connect(port, session, path, _PATIENCE)
        answer = connection.getresponse()
        answer.read()
        connection.close()
    except OSError:
        return 0
    return answer.status


class _Tail(threading.Thread):
    def __init__(self, port: int, session: str, path: str, ending: threading.Event) -> None:
        super().__init__(daemon=True)
        self._where = (port, session, path)
        self._ending = ending
        self.taken = 0
        self.broken = False

    def run(self) -> None:
        # An idle tail gives a sign of life every five seconds, so nothing is waited for in vain.
        try:
            connection = _connect(*self._where, _PATIENCE)
            answer = connection.getresponse()
            while not self._ending.is_set():
                part = answer.read1(65_536)
                self.taken += len(part)
                if not part or answer.status != 200:
                    self.broken = True
                    break
            connection.close()
        except OSError:
            self.broken = True
