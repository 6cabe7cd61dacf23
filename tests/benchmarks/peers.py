"""The program beside Bugsink: the same errors with stack traces, on the same machine, in the same run.

Bugsink accepts an event by writing it to a file and a queue, answers, and digests it later; here an answer means that
the event is committed, grouped and found. So both are shown: how many were accepted a second, and how many were
digested a second until the last one was. Neither compresses, neither has a proxy before it. Bugsink may use every core,
the program has one. At the end of a round both are killed with SIGKILL while they are sent errors, started again, and
asked for each event that they had answered with success.
"""

import os
import signal
import socket
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from logserver.store.database import snapshot
from tests.benchmarks.bugsink import Bugsink, programs
from tests.benchmarks.crashes import Crash, crashes
from tests.benchmarks.ingest import SINGLE
from tests.benchmarks.knocking import Sent, knock
from tests.benchmarks.load import request
from tests.benchmarks.plan import Plan, Result, compared, measured
from tests.benchmarks.processes import EVERY, on_cores, server, started, with_token

_CONNECTIONS = 32
_DIGEST_SECONDS = 600.0
_OURS_A_SECOND = 4_000
_THEIRS_A_SECOND = 400


class Side(msgspec.Struct):
    """What one of them did in a round."""

    busy: Sent
    """Of 32 connections."""
    alone: Sent
    """Of one."""
    digested_seconds: float
    """From the first request of the 32 to the last event in the database."""
    digested: int
    memory_mb: float
    bytes_an_event: float
    acknowledged: int
    """Answered with success before it was killed."""
    lost: int
    """Of them, not there when it ran again and had nothing more to do."""


def ids(sent: Sent) -> set[str]:
    """The events that were answered with success."""
    return set(sent.waits)


def ours(plan: Plan, seed: int) -> Side:
    """A round of the program."""
    with plan.scratch() as folder:
        token = with_token(folder)
        empty = size(folder)
        made = _requests(seed, lambda crash: request(SINGLE, crash.as_submission(), token=token))
        with started(server(folder)) as running:
            knock(running.port, made, connections=_CONNECTIONS, seconds=plan.warm_up)
            before = len(stored(folder))
            many = int(_OURS_A_SECOND * plan.seconds)
            busy = knock(running.port, made, connections=_CONNECTIONS, seconds=plan.seconds, prebuilt=many)
            digested = len(stored(folder)) - before
            memory = running.memory_mb("VmRSS")
            alone = knock(running.port, made, connections=1, seconds=plan.seconds)
        grown = (size(folder) - empty) / len(stored(folder))
        with started(server(folder)) as running:
            last = knock(
                running.port,
                made,
                connections=_CONNECTIONS,
                seconds=plan.seconds,
                then=lambda: os.kill(running.pid, signal.SIGKILL),
            )
        with started(server(folder)):
            lost = ids(last) - stored(folder)
    return Side(busy, alone, busy.seconds, digested, memory, grown, len(last.waits), len(lost))


def theirs(plan: Plan, seed: int, installed: Path) -> Side:
    """A round of Bugsink."""
    with plan.scratch() as folder, on_cores(EVERY):
        peer = Bugsink(installed, folder, free_port())
        peer.install()
        empty = size(folder)
        made = _requests(seed, lambda crash: peer.request(crash.as_envelope()))
        with peer.running() as leaders:
            warm = knock(peer.port, made, connections=_CONNECTIONS, seconds=plan.warm_up)
            peer.digest(len(warm.waits), _DIGEST_SECONDS)
            before = len(peer.digested())
            many = int(_THEIRS_A_SECOND * plan.seconds)
            busy = knock(peer.port, made, connections=_CONNECTIONS, seconds=plan.seconds, prebuilt=many)
            memory = memory_mb(leaders)
            digested_seconds = busy.seconds + peer.digest(before + len(busy.waits), _DIGEST_SECONDS)
            digested = len(peer.digested()) - before
            alone = knock(peer.port, made, connections=1, seconds=plan.seconds)
            peer.digest(before + len(busy.waits) + len(alone.waits), _DIGEST_SECONDS)
        grown = (size(folder) - empty) / len(peer.digested())
        with peer.running() as leaders:
            last = knock(peer.port, made, connections=_CONNECTIONS, seconds=plan.seconds, then=lambda: kill(leaders))
        with peer.running():
            peer.digest(len(peer.digested()) + len(last.waits), _DIGEST_SECONDS)
            lost = ids(last) - peer.digested()
    return Side(busy, alone, digested_seconds, digested, memory, grown, len(last.waits), len(lost))


def peers(plan: Plan) -> list[Result]:
    """Rounds of both by turns; nothing where Bugsink is not installed."""
    installed = programs()
    if installed is None:
        sys.stderr.write("skipped: LOGSERVER_BUGSINK names no folder with Bugsink's programs ... ")
        return []
    rounds = [(ours(plan, seed), theirs(plan, seed, installed)) for seed in range(plan.rounds)]
    name = f"Bugsink {Bugsink(installed, plan.folder).version()}"
    refused = [f"{n} answers {status or 'broken off'}" for each, _ in rounds for status, n in each.busy.refused.items()]
    lost = sum(each.lost for each, _ in rounds)
    wrong = "; ".join([*refused, *([f"{lost} events lost"] if lost else [])])
    note = f"bodies: {len(crash().as_submission()):,} bytes; {name}: {len(crash().as_envelope()):,}"
    if complaints := sum(each.busy.refused.total() for _, each in rounds):
        note += f"; {name} refused {complaints} requests"

    def more(figure: str, unit: str, value: Callable[[Side], float], *, at_least: bool, note: str = "") -> Result:
        return compared(
            figure,
            unit,
            [(value(left), value(right)) for left, right in rounds],
            yardstick=name,
            at_least=at_least,
            target=None,
            stretch=None,
            note=note,
        )

    accepted = more(
        "errors accepted, 32 connections", "events/s", lambda side: side.busy.rate, at_least=True, note=note
    )
    accepted.wrong = wrong
    return [
        accepted,
        more("errors digested", "events/s", lambda side: side.digested / side.digested_seconds, at_least=True),
        more("answer, 32 connections, p99", "ms", lambda side: side.busy.wait_ms(0.99), at_least=False),
        more("answer, 1 connection, p99", "ms", lambda side: side.alone.wait_ms(0.99), at_least=False),
        more("memory after it", "MB", lambda side: side.memory_mb, at_least=False),
        more("disk an event", "bytes", lambda side: side.bytes_an_event, at_least=False),
        measured(
            "lost after SIGKILL",
            "events",
            [left.lost for left, _ in rounds],
            target=0,
            stretch=None,
            yardstick=name,
            beside=[right.lost for _, right in rounds],
            note="answered with success before that: median "
            f"{statistics.median(left.acknowledged for left, _ in rounds):,.0f}, {name} "
            f"{statistics.median(right.acknowledged for _, right in rounds):,.0f}",
        ),
    ]


def crash() -> Crash:
    """Any of them."""
    return next(crashes(0))


def _requests(seed: int, spelled: Callable[[Crash], bytes]) -> Iterator[tuple[str, bytes]]:
    return ((each.id.hex, spelled(each)) for each in crashes(seed))


def stored(folder: Path) -> set[str]:
    """The ids of the errors that a store of ours holds."""
    with snapshot(folder) as tx:
        return {uuid.hex() for (uuid,) in tx.execute("SELECT uuid FROM events WHERE uuid IS NOT NULL")}


def size(folder: Path) -> int:
    """Bytes of all files below a folder but the logs of programs."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.name != "log")


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def members(leaders: list[int]) -> list[int]:
    """All processes of some sessions."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            session = int(path.read_text(encoding="utf-8").rpartition(")")[2].split()[3])
        except OSError:  # it has ended meanwhile
            continue
        if session in leaders:
            found.append(int(path.parent.name))
    return found


def memory_mb(leaders: list[int]) -> float:
    """What the processes of some sessions hold together; what they share counts once."""
    kilobytes = 0
    for pid in members(leaders):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines():
            if line.startswith("Pss:"):
                kilobytes += int(line.split()[1])
    return kilobytes * 1024 / 1_000_000


def kill(leaders: list[int]) -> None:
    """End all processes of some sessions at once, as a crash of the machine's memory would."""
    for pid in members(leaders):
        os.kill(pid, signal.SIGKILL)
