"""Starts what is measured: a process of its own on the first core, while the load has the others."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from logserver.core import projects, tokens
from logserver.core.clock import SystemClock
from logserver.store.database import transaction

_ROOT = Path(__file__).parents[2]
_SETTINGS = {
    "LOGSERVER_ACCESS_LOG": "off",
    "LOGSERVER_LOG_LEVEL": "warning",
    "LOGSERVER_PUBLIC_API_RATE_LIMIT_REQUESTS": "10000000",
    "LOGSERVER_LOGS_RATE_LIMIT_PER_MINUTE": "10000000",
    "LOGSERVER_LOGS_RATE_LIMIT_BURST": "10000000",
}
_STOP_SECONDS = 60

_AVAILABLE = sorted(os.sched_getaffinity(0))
EVERY = set(_AVAILABLE)
"""All cores that there are for this run."""
MEASURED = {_AVAILABLE[0]}
"""The core of what is measured."""
LOAD = set(_AVAILABLE[1:]) or MEASURED
"""The cores of what sends; the same one where there is no other."""


class Started(msgspec.Struct):
    """A process that listens, and when it was started on the performance counter."""

    pid: int
    port: int
    begun: float

    def memory_mb(self, which: str) -> float:
        """Its memory in MB: ``VmRSS`` what it has now, ``VmHWM`` the most it had."""
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name == which:
                return int(value.split()[0]) * 1024 / 1_000_000
        raise ProcessLookupError(self.pid)

    def cpu_seconds(self) -> float:
        """The processor time it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Stop it for as long as something else is measured on its core."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)


@contextmanager
def on_cores(wanted: set[int]) -> Iterator[None]:
    """Keep this thread, and what it starts meanwhile, on some cores."""
    held = os.sched_getaffinity(0)
    os.sched_setaffinity(0, wanted)
    try:
        yield
    finally:
        os.sched_setaffinity(0, held)


@contextmanager
def started(arguments: Sequence[str]) -> Iterator[Started]:
    """Run ``python -m …`` on the measured core until the block ends; it says where it listens in its first line."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOGSERVER_")}
    begun = time.perf_counter()
    with on_cores(MEASURED):
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=_ROOT,
            env=environment | _SETTINGS,
            stdout=subprocess.PIPE,
            text=True,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if "http://" not in line:
            raise RuntimeError(f"{' '.join(arguments)} did not start")
        yield Started(process.pid, urlsplit("http://" + line.split("http://")[1].split()[0]).port or 0, begun)
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)
        if process.stdout is not None:
            process.stdout.close()


def server(folder: Path, *options: str) -> list[str]:
    """The arguments that start the program on a folder."""
    return ["logserver", "serve", "--data", str(folder), "--port", "0", *options]


def with_token(folder: Path, slug: str = "benchmark") -> str:
    """Make a project in the store of a folder, the store as well if need be, and a token for it."""
    now = SystemClock().now_ms()
    with transaction(folder) as tx:
        project = projects.create(tx, slug=slug, now_ms=now)
        return tokens.issue(tx, kind="project", name=slug, project=project, now_ms=now).secret
