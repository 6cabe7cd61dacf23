"""Edge agents as their users run them: processes of their own, each with a folder of logs and one of state."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from time import monotonic

from tests.whole.process import PATIENCE, environment, scratch, source, written

STOPPED_WITHIN = 5.0
"""Seconds from the signal to the end of the process, whatever its server does."""

INTERVALS = ("--heartbeat-interval", "0.5", "--metrics-interval", "0.5", "--poll-interval", "0.5")

_LOOK_SECONDS = 0.02


class Agent:
    """An agent on a folder; it can be started again after it ended."""

    def __init__(self, folder: Path, url: str, key: str, *options: str, stdin: int = subprocess.DEVNULL) -> None:
        self.folder = folder
        self.name = folder.name
        self.url = url
        self._key = key
        self._options = options
        self._stdin = stdin
        self._log = scratch()
        self.peak_mb = 0.0
        """The most memory it has held when it was told to stop; 0 where that cannot be seen."""
        folder.mkdir(exist_ok=True)
        self.start()

    def start(self) -> None:
        """Start it, once more where it ended."""
        arguments = ("--server", self.url, "--state", str(self.folder / "state"), "--name", self.name)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "logserver", "agent", *arguments, *INTERVALS, *self._options],
            stdin=self._stdin,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            cwd=source(),
            env=environment() | {"LOGSERVER_AGENT_KEY": self._key},
        )

    @property
    def path(self) -> Path:
        """Its log file."""
        return self.folder / "app.log"

    def write(self, *lines: str) -> None:
        """Append lines to its log file, as a program that keeps it open would."""
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)

    def log(self) -> str:
        """Everything it has said so far, in all its lives."""
        return written(self._log)

    def heard_of_rules(self) -> int:
        """How often it took new rules."""
        return self.log().count("the metric rules are in effect")

    def read(self) -> int:
        """How many lines it has read and committed."""
        try:
            return int(json.loads((self.folder / "state" / "checkpoint.json").read_bytes())["counts"]["lines"])
        except FileNotFoundError:
            return 0

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.process.kill()
        self.process.wait(timeout=PATIENCE)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to stop, and return its exit code; subprocess.TimeoutExpired where it takes too long."""
        self.peak_mb = max(self.peak_mb, self._memory_mb())
        self.process.send_signal(number)
        return self.process.wait(timeout=STOPPED_WITHIN)

    def _memory_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status")
        lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
        named = {name: value for name, _, value in (line.partition(":") for line in lines)}
        return int(named.get("VmHWM", "0").split()[0]) * 1024 / 1_000_000

    def release(self) -> None:
        """Close this side's files; the process has ended."""
        self._log.close()


@contextmanager
def following(folder: Path, url: str, key: str, *options: str, stdin: int = subprocess.DEVNULL) -> Iterator[Agent]:
    """An agent on its log file for the length of a block, stopped in good order at its end."""
    agent = Agent(folder, url, key, "--follow", str(folder / "app.log"), *options, stdin=stdin)
    try:
        yield agent
        if agent.process.poll() is None:
            assert agent.stop() == 0, agent.log()
        assert "Traceback" not in agent.log()
    finally:
        agent.kill()
        agent.release()


def until(true: Callable[[], bool], what: Callable[[], object] = lambda: "it did not happen") -> None:
    """Look again and again until something is true; ``what`` tells how it stands where it never is."""
    deadline = monotonic() + PATIENCE
    while not true():
        assert monotonic() < deadline, what()
        Event().wait(_LOOK_SECONDS)
