"""The lines that the start page of a project shows, typed as they stand there, send what they say."""

import html
import http.client
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from logserver.core import projects
from logserver.core.clock import SystemClock
from logserver.core.people import accounts, browser_sessions
from logserver.store import events
from logserver.store.database import snapshot, transaction
from logserver.store.ids import project_range
from tests.docs.user import needs
from tests.whole.process import PATIENCE, Server, serving

SHELL, PYTHON, NODE = ["sh", "-c"], [sys.executable, "-c"], ["node", "--input-type=module", "--eval"]


class Reader:
    """Somebody in front of the start page of a project of its own."""

    def __init__(self, server: Server, slug: str) -> None:
        self._server = server
        self._slug = slug
        now_ms = SystemClock().now_ms()
        with transaction(server.folder) as tx:
            accounts.ensure_organization(tx, "Engines", now_ms)
            user = accounts.create(tx, email=f"{slug}@example.com", name="Ada", role="admin", now_ms=now_ms)
            self.project = projects.create(tx, slug=slug, now_ms=now_ms)
            begun = browser_sessions.begin(tx, user, now_ms, address="127.0.0.1", browser="test")
        self._cookies = {"logserver_session": begun.secret}
        self._form_token = browser_sessions.form_token(begun.secret)

    def lines(self, guide: str, name: str) -> str:
        """The lines of a guide, with a new token in them."""
        form = f"form_token={self._form_token}&with={guide}"
        self._ask("POST", f"/p/{self._slug}/start/token", form)
        shown = self._ask("GET", f"/p/{self._slug}/start?with={guide}")
        (text,) = re.findall(f'<pre id="{name}"[^>]*>(.*?)</pre>', shown, re.DOTALL)
        return html.unescape(text)

    def arrived(self) -> list[events.Event]:
        """What the project has."""
        with snapshot(self._server.folder) as tx:
            rows = tx.execute(
                f"SELECT {events.COLUMNS} FROM events WHERE id BETWEEN ? AND ? ORDER BY id",
                project_range(self.project.number),
            )
            return [events.from_row(row) for row in rows]

    def _ask(self, method: str, path: str, form: str | None = None) -> str:
        connection = http.client.HTTPConnection(self._server.host, self._server.port, timeout=PATIENCE)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        connection.request(method, path, form, headers)
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        text = answer.read().decode()
        connection.close()
        assert answer.status in {200, 303}, text
        return text


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("start")) as running:
        yield running


@pytest.mark.parametrize(
    ("guide", "name", "program", "sent"),
    [
        ("curl", "lines", SHELL, {("log", "hello from curl")}),
        ("curl", "lines-error", SHELL, {("error", "payment refused")}),
        ("cron", "lines-now", SHELL, {("check_in", "nightly-backup")}),
        ("python", "lines", PYTHON, {("log", "hello from Python"), ("error", "division by zero")}),
        ("luminalog-python", "lines", PYTHON, {("log", "LuminaLog SDK initialized"), ("log", "hello from Python")}),
        ("luminalog-curl", "lines", SHELL, {("log", "hello from curl")}),
        ("logstitch-curl", "lines", SHELL, {("audit", "user.signed_in")}),
        ("logstitch-javascript", "lines", NODE, {("audit", "user.signed_in")}),
    ],
)
def test_what_is_copied_sends(
    place: Server, tmp_path: Path, *, guide: str, name: str, program: list[str], sent: set[tuple[str, str]]
) -> None:
    if program is NODE:
        needs("node")
    needs("curl")
    reader = Reader(place, f"{guide}-{name}")
    done = subprocess.run(
        [*program, reader.lines(guide, name)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {(event.type, event.message) for event in reader.arrived()} == sent, done.stdout


def test_the_line_of_the_crontab_is_a_line_of_a_crontab(place: Server) -> None:
    needs("curl")
    line = Reader(place, "crontab").lines("cron", "lines")
    # cron makes a line break of every % that has no backslash before it.
    assert ("\n" in line, "%" in line) == (False, False)
    command = line.split("  ", 1)[1].replace("/usr/local/bin/backup", "true")
    assert subprocess.run(["sh", "-c", command], timeout=PATIENCE, check=False).returncode == 0
