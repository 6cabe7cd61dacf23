"""Bugsink, where somebody has installed it: in an environment of its own, whose programs ``LOGSERVER_BUGSINK`` names.

It runs as its own image runs it: one gunicorn with a worker for each core up to four, and the process that digests
what was accepted, both on SQLite. Its quotas are raised, for they would end a measurement within seconds.
"""

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from shutil import which

import msgspec

_MAKE_PROJECT = (
    "from projects.models import Project; made = Project.objects.create(name='load');"
    "print('made', made.pk, made.sentry_key.hex)"
)
_UNLIMITED = "\n".join(
    ["", *(f"BUGSINK['MAX_EVENTS_PER_{span}'] = 10**9" for span in ("5_MINUTES", "HOUR", "MONTH"))]
    + [f"BUGSINK['MAX_EVENTS_PER_PROJECT_PER_{span}'] = 10**9" for span in ("5_MINUTES", "HOUR", "MONTH")]
    + ["ALLOWED_HOSTS = ['*']", ""]
)
_PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.05
_IDLE_SECONDS = 5.0
"""Nothing waits and nothing came of it for this long: it is done."""


def programs() -> Path | None:
    """The folder of Bugsink's programs; None where it is not installed."""
    given = os.environ.get("LOGSERVER_BUGSINK")
    found = which("bugsink-manage", path=given)
    return Path(found).parent if found else None


class Bugsink(msgspec.Struct):
    """An installation in a folder, with one project."""

    programs: Path
    folder: Path
    port: int = 0
    project: str = ""
    key: str = ""

    def install(self) -> None:
        """Make its configuration, its databases and the project."""
        configuration = self.folder / "bugsink_conf.py"
        self._run(
            "bugsink-create-conf", "--template=singleserver", f"--base-dir={self.folder}", "-o", str(configuration)
        )
        with configuration.open("a", encoding="utf-8") as file:
            file.write(_UNLIMITED)
        self._manage("migrate")
        self._manage("migrate", "snappea", "--database=snappea")
        _, self.project, self.key = self._manage("shell", "-c", _MAKE_PROJECT).splitlines()[-1].split()

    def version(self) -> str:
        """Which Bugsink it is."""
        return self._run("bugsink-show-version").split()[-1]

    def request(self, envelope: bytes) -> bytes:
        """A request as it goes over the wire, behind the proxy with TLS that its configuration expects."""
        head = (
            f"POST /api/{self.project}/envelope/ HTTP/1.1\r\nHost: localhost\r\nUser-Agent: sentry.python/2.75.0\r\n"
            f"X-Sentry-Auth: Sentry sentry_key={self.key}, sentry_version=7\r\nX-Forwarded-Proto: https\r\n"
            f"Content-Type: application/x-sentry-envelope\r\nContent-Length: {len(envelope)}\r\n\r\n"
        )
        return head.encode() + envelope

    @contextmanager
    def running(self) -> Iterator[list[int]]:
        """The leaders of its sessions of processes, until the block ends; then they are told to stop."""
        configured = self.programs.parent.glob("lib/python*/site-packages/bugsink/gunicorn.docker.conf.py")
        listening = f"--bind=127.0.0.1:{self.port}"
        commands = (
            ("gunicorn", listening, f"--config={next(configured)}", "bugsink.wsgi"),
            ("bugsink-runsnappea",),
        )
        with (self.folder / "log").open("a") as log:
            started = [
                subprocess.Popen(
                    [str(self.programs / program), *words],
                    cwd=self.folder,
                    env=self._environment(),
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
                for program, *words in commands
            ]
        try:
            self._wait_until_it_answers()
            yield [process.pid for process in started]
        finally:
            for process in started:
                if process.poll() is None:
                    process.terminate()
            for process in started:
                try:
                    process.wait(_PATIENCE_SECONDS)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait(_PATIENCE_SECONDS)

    def digested(self) -> set[str]:
        """The ids of all events that are in its database."""
        with closing(sqlite3.connect(f"file:{self.folder / 'db.sqlite3'}?mode=ro", uri=True)) as connection:
            return {name.replace("-", "") for (name,) in connection.execute("SELECT event_id FROM events_event")}

    def waiting(self) -> int:
        """How many events were accepted and have not been taken up for digestion."""
        with closing(sqlite3.connect(f"file:{self.folder / 'snappea.sqlite3'}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM snappea_task").fetchone()[0])

    def digest(self, wanted: int, within: float) -> float:
        """Wait until so many events are in its database, or until it has nothing more to do; the seconds it took."""
        begun = moved = time.perf_counter()
        before = -1
        while (now := len(self.digested())) < wanted:
            moment = time.perf_counter()
            if now != before or self.waiting():
                before, moved = now, moment
            elif moment - moved > _IDLE_SECONDS:
                return moved - begun
            if moment - begun > within:
                raise TimeoutError(f"it has digested {now} of {wanted} events in {within} seconds")
            time.sleep(_LOOK_SECONDS)
        return time.perf_counter() - begun

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            with closing(HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_SECONDS)) as connection:
                try:
                    connection.request("GET", "/", headers={"Host": "localhost", "X-Forwarded-Proto": "https"})
                    connection.getresponse()
                except OSError:
                    if time.monotonic() > deadline:
                        raise TimeoutError((self.folder / "log").read_text(encoding="utf-8")[-2000:]) from None
                    time.sleep(_LOOK_SECONDS)
                else:
                    return

    def _manage(self, *words: str) -> str:
        return self._run("bugsink-manage", *words)

    def _run(self, program: str, *words: str) -> str:
        done = subprocess.run(
            [self.programs / program, *words],
            cwd=self.folder,
            env=self._environment(),
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def _environment(self) -> dict[str, str]:
        return os.environ | {"DJANGO_SETTINGS_MODULE": "bugsink_conf", "PYTHONPATH": str(self.folder)}
