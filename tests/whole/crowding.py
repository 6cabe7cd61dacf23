"""What a crowd does to a server, and how much of the machine the server takes meanwhile."""

import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.whole.process import Server
from tests.whole.raw import Wire

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the memory of a process is read from /proc"
)

_BESIDE = 250
"""Files that this process may have open beside the connections of a crowd."""


def megabytes(server: Server, which: str = "VmRSS") -> int:
    """The memory the process holds now, or with ``VmHWM`` the most it ever held."""
    status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
    return int(status.partition(f"{which}:")[2].split()[0]) // 1024


@contextmanager
def files(enough: int) -> Iterator[None]:
    """Let this process, and a server it starts, have so many files open; the test is skipped where it may not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < enough:
        pytest.skip(f"needs {enough} open files, and {hard} are allowed")
    if soft != resource.RLIM_INFINITY and soft < enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def crowd(server: Server, size: int, sent: bytes = b"") -> Iterator[list[Wire]]:
    """So many connections, each of which has sent the same, for the length of a block."""
    with files(size + _BESIDE), ExitStack() as held:
        wires = []
        for _ in range(size):
            wire = held.enter_context(Wire(server))
            with suppress(ConnectionError):
                wire.send(sent)
            wires.append(wire)
        yield wires
