"""The pages over HTTP, beside a store of a million events: alone, and while 32 connections send at full rate.

Times are those of whole answers at the client's end of a kept connection, without what a browser loads beside the
page. Under load the pages are asked one after another while the senders go on, and the senders' rate is compared
with that of a turn without a reader.
"""

import http.client
import itertools
import re
import shutil
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from logserver.core.clock import SystemClock
from logserver.core.people import accounts, browser_sessions
from logserver.store.database import transaction
from logserver.store.tx import Tx
from tests.benchmarks import mixed
from tests.benchmarks.bodies import COMMON_WORD, RARE_WORD
from tests.benchmarks.ingest import singles
from tests.benchmarks.load import Outcome, drive
from tests.benchmarks.plan import Plan, Result, compared, measured
from tests.benchmarks.processes import LOAD, Started, on_cores, server, started, with_token

_PROJECT = "/p/project-1"
_FIXED = (
    "/projects",
    f"{_PROJECT}/inbox",
    f"{_PROJECT}/inbox?status=all&q=thing",
    f"{_PROJECT}/logs",
    f"{_PROJECT}/logs?range=7d",
    f"{_PROJECT}/logs?q={RARE_WORD}&range=7d",
    f"{_PROJECT}/logs?q=level%3Aerror+{COMMON_WORD}&range=7d",
    f"{_PROJECT}/performance",
    f"{_PROJECT}/performance?window=7d",
    f"{_PROJECT}/traces",
    f"{_PROJECT}/metrics",
    f"{_PROJECT}/monitors",
    f"{_PROJECT}/audit",
    f"{_PROJECT}/alerts",
    f"{_PROJECT}/settings",
    "/agents",
    "/users",
    "/account",
    "/server",
)
_REPEATS = 12
_CONNECTIONS = 32
_PREBUILT_A_SECOND = 12_000
_FOUND = {"group": rf"{_PROJECT}/groups/[0-9a-f-]{{36}}", "record": rf"{_PROJECT}/events/[0-9a-f-]{{36}}"}
_MOST_BYTES = 200_000
_EVERY_SECONDS = 0.25
"""What a handful of people ask for together."""


class Reader:
    """Somebody signed in who asks for pages over one connection."""

    def __init__(self, port: int, secret: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Cookie": f"logserver_session={secret}", "Accept": "text/html"}

    def ask(self, path: str) -> tuple[float, bytes]:
        """The milliseconds that a page took, and the page; raises where it was not answered with success."""
        begun = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        page = answer.read()
        took = (time.perf_counter() - begun) * 1000
        if answer.status != 200:
            raise RuntimeError(f"{path} was answered with {answer.status}")
        return took, page


class _Paint(NamedTuple):
    """What is loaded before a page is seen: its own bytes and those of its scripts and style sheets."""

    path: str
    size: int


def _signed_in(folder: Path) -> str:
    """The secret of a session of an admin."""
    now_ms = SystemClock().now_ms()

    def enter(tx: Tx) -> str:
        accounts.ensure_organization(tx, "Benchmarks", now_ms)
        known = [user for user in accounts.every(tx) if user.email == "admin@example.com"]
        user = (
            known[0]
            if known
            else accounts.create(tx, email="admin@example.com", name="Admin", role="admin", now_ms=now_ms)
        )
        return browser_sessions.begin(tx, user, now_ms, address="127.0.0.1", browser="benchmarks").secret

    with transaction(folder) as tx:
        return enter(tx)


def _paths(reader: Reader) -> list[str]:
    """All pages that are asked for, with a group, a record and a trace of the first project."""
    found = [*_FIXED]
    for source, pattern in ((f"{_PROJECT}/inbox", _FOUND["group"]), (f"{_PROJECT}/logs", _FOUND["record"])):
        if hit := re.search(pattern, reader.ask(source)[1].decode()):
            found.append(hit[0])
    if hit := re.search(rf"{_PROJECT}/traces/[0-9a-f]{{32}}", reader.ask(f"{_PROJECT}/traces")[1].decode()):
        found.append(hit[0])
    return found


def _paint(reader: Reader, path: str) -> _Paint:
    _, page = reader.ask(path)
    size = len(page)
    for address in set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.decode())):
        reader._headers["Accept-Encoding"] = "gzip"  # noqa: SLF001 - of this module
        size += len(reader.ask(address)[1])
        del reader._headers["Accept-Encoding"]  # noqa: SLF001 - of this module
    return _Paint(path, size)


def _copied(plan: Plan) -> Path:
    folder = plan.folder / "busy-copy"
    if not folder.exists():
        shutil.copytree(mixed.busy(plan), folder)
    return folder


def web_pages(plan: Plan) -> list[Result]:
    """Every page by itself, its median and its worst of twenty; and what a browser loads before it shows one."""
    folder = _copied(plan)
    secret = _signed_in(folder)
    results, all_times = [], []
    with on_cores(LOAD), started(server(folder)) as running:
        reader = Reader(running.port, secret)
        paths = _paths(reader)
        for path in paths:
            times = [reader.ask(path)[0] for _ in range(_REPEATS)]
            all_times += times
            results.append(
                measured(f"page {path}", "ms", times, target=50, stretch=20, note=f"worst {max(times):.0f} ms")
            )
        heaviest = max((_paint(reader, path) for path in paths), key=lambda paint: paint.size)
    slowest = statistics.quantiles(all_times, n=20)[-1]
    results.append(measured("all pages, p95", "ms", [slowest], target=150, stretch=50))
    results.append(
        measured(
            "first paint, heaviest page",
            "kB",
            [heaviest.size / 1000],
            target=_MOST_BYTES / 1000,
            stretch=100,
            note=heaviest.path,
        )
    )
    return results


def web_load(plan: Plan) -> list[Result]:
    """The pages while 32 connections send, to the pages alone; and the senders' rate, to theirs without readers.

    Once with readers who ask for four pages a second together, and once with one who never waits.
    """
    folder = _copied(plan)
    secret, token = _signed_in(folder), with_token(folder, f"load-{SystemClock().now_ms()}")
    results = []
    readers = ProcessPoolExecutor(1, get_context("spawn"))
    with on_cores(LOAD), started(server(folder)) as running, readers:
        paths = _paths(Reader(running.port, secret))
        requests = singles(token, 7)
        for every, called in ((_EVERY_SECONDS, "4 pages a second"), (0.0, "pages without pause")):
            slower, rates, wrong = [], [], []
            for _ in range(plan.rounds):
                asked = partial(_times, running.port, secret, paths, every=every)
                idle = readers.submit(asked, seconds=plan.seconds).result()
                alone = _sending(plan, running, requests)
                reading = readers.submit(asked, seconds=plan.seconds + plan.warm_up)
                both = _sending(plan, running, requests)
                slower.append((_p95(reading.result()), _p95(idle)))
                rates.append((both.rate, alone.rate))
                wrong += [f"{n} answers {status}" for status, n in (both.errors() | alone.errors()).items()]
            results += [
                _ratio(f"page p95 under load, {called}", "ms", slower, at_least=False, target=4, wrong=wrong),
                _ratio(f"ingest beside {called}", "1/s", rates, at_least=True, target=0.9, wrong=wrong),
            ]
    return results


def _ratio(
    figure: str, unit: str, pairs: list[tuple[float, float]], *, at_least: bool, target: float, wrong: list[str]
) -> Result:
    return compared(
        figure,
        unit,
        pairs,
        yardstick="the same alone",
        at_least=at_least,
        target=target,
        stretch=None,
        wrong=", ".join(wrong),
    )


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _sending(plan: Plan, running: Started, requests: Iterator[bytes]) -> Outcome:
    prebuilt = int(_PREBUILT_A_SECOND * (plan.seconds + plan.warm_up))
    return drive(
        running.port,
        requests,
        connections=_CONNECTIONS,
        seconds=plan.seconds,
        warm_up=plan.warm_up,
        prebuilt=prebuilt,
    )


def _times(port: int, secret: str, paths: list[str], seconds: float, every: float) -> list[float]:
    """The milliseconds that pages took, asked for so long, run in a process of its own.

    One is asked for ``every`` so many seconds, or as soon as the one before is there.
    """
    reader = Reader(port, secret)
    begun = time.perf_counter()
    times = []
    for path in itertools.cycle(paths):
        if time.perf_counter() - begun > seconds:
            break
        took = reader.ask(path)[0]
        times.append(took)
        time.sleep(max(every - took / 1000, 0))
    return times
