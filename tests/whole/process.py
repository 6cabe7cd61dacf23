"""The server as its users run it: a process of its own, on a port the kernel chose."""

import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import IO

import logserver

PATIENCE = 60.0
"""Seconds after which something that should have happened is given up on; generous, for machines with other work."""

OPTIONS = ("--port", "0", "--public-api-rate-limit-requests", "10000000")
"""What every server here is started with; what a test says itself comes later and wins."""

PROGRAM = (sys.executable, "-m", "logserver")
"""The program that is tested, unless a test says otherwise."""

_SOURCE = Path(logserver.__file__).parents[1]
"""Where to start it, so that it is the program that is tested and not another one that is installed."""

_ANNOUNCED = "logserver listens on http"


class DidNotStart(Exception):
    """The process ended, or said nothing, before it listened."""


class Server:
    """A running server; ``scheme``, ``host`` and ``port`` are where it listens."""

    def __init__(self, folder: Path, *options: str, program: Sequence[str] = PROGRAM) -> None:
        self.folder = folder
        self._log = scratch()
        self._process = subprocess.Popen(
            command(folder, *options, program=program),
            stdout=subprocess.PIPE,
            stderr=self._log,
            bufsize=0,
            cwd=_SOURCE,
            env=environment(),
        )
        try:
            self.scheme, self.host, self.port = self._announced()
        except BaseException:
            self.kill()
            self.release()
            raise

    @property
    def base_url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def log(self) -> str:
        """Everything it has written to standard error so far."""
        return written(self._log)

    def says(self, part: str) -> str:
        """The next line on standard output with this in it, without the space around it."""
        assert self._process.stdout is not None
        deadline, line = monotonic() + PATIENCE, part
        while line:
            line = _first_line(self._process.stdout, deadline)
            if part in line:
                return line.strip()
        raise AssertionError(f"it never said {part!r}")

    def printed(self) -> str:
        """What it has written to standard output since it listened, once it has ended."""
        assert self._process.stdout is not None
        return self._process.stdout.read().decode()

    def stop(self, number: signal.Signals = signal.SIGTERM, *, within: float = PATIENCE) -> int:
        """Tell it to stop, and return its exit code."""
        self.signal(number)
        return self.wait(within=within)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self, *, within: float = PATIENCE) -> int:
        """Its exit code, once it has ended; subprocess.TimeoutExpired when it does not."""
        return self._process.wait(timeout=within)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._process.kill()
        self._process.wait(timeout=PATIENCE)

    def release(self) -> None:
        """Close this side's files; the process has ended."""
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()

    def _announced(self) -> tuple[str, str, int]:
        assert self._process.stdout is not None
        line = _first_line(self._process.stdout, monotonic() + PATIENCE)
        if not line.startswith(_ANNOUNCED):
            raise DidNotStart(f"exit code {self._process.poll()}, first line {line!r}, log:\n{self.log()}")
        scheme, _, place = line.split()[-1].partition("://")
        host, _, port = place.rpartition(":")
        return scheme, host, int(port)


@contextmanager
def serving(folder: Path, *options: str, program: Sequence[str] = PROGRAM) -> Iterator[Server]:
    """A server for the length of a block, stopped in good order at its end.

    Whatever happens in the block, none is left running.
    """
    server = Server(folder, *options, program=program)
    try:
        yield server
        if server.running():
            code = server.stop()
            assert code == 0, server.log()
    finally:
        server.kill()
        server.release()


def refused(folder: Path, *options: str) -> tuple[int, str]:
    """The exit code and standard error of a server that ends by itself instead of serving."""
    done = subprocess.run(
        command(folder, *options),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=_SOURCE,
        env=environment(),
        check=False,
    )
    assert _ANNOUNCED not in done.stdout
    return done.returncode, done.stderr


def shell(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """The exit code, standard output and standard error of a command of the shell on a folder."""
    done = subprocess.run(
        [*PROGRAM, *arguments, "--data", str(folder)],
        capture_output=True,
        text=True,
        cwd=_SOURCE,
        env=environment(),
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def command(folder: Path, *options: str, program: Sequence[str] = PROGRAM) -> list[str]:
    return [*program, "serve", "--data", str(folder), *OPTIONS, *options]


def environment() -> dict[str, str]:
    """This process's environment without what would configure a server or a client."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("LOGSERVER_", "LOGISTER_"))}


def source() -> Path:
    """Where to start the program, so that it is the one that is tested and not another one that is installed."""
    return _SOURCE


def scratch() -> IO[bytes]:
    """A file for what a process says, which is gone when it is closed."""
    # Appending, so that reading here does not move where the process writes.
    descriptor, path = tempfile.mkstemp(prefix="logserver-", suffix=".log")
    os.close(descriptor)
    log = Path(path).open("a+b", buffering=0)  # noqa: SIM115 - it lives as long as the process
    Path(path).unlink()
    return log


def written(log: IO[bytes]) -> str:
    """Everything that is in such a file by now."""
    descriptor = log.fileno()
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")


def _first_line(stream: IO[bytes], deadline: float) -> str:
    descriptor = stream.fileno()
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - monotonic()))
        byte = os.read(descriptor, 1) if ready else b""
        if not byte:
            break
        line += byte
    return line.decode().rstrip("\n")
