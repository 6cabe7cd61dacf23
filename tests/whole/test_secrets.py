"""No secret that a server was ever told or has ever made is in anything that it writes: its log, its files, its errors.

Left out, because the server needs them as they are, and said so in the README: what webhooks are sent to (an address
may hold a token of its own) and signed with, and the key in audit.key.
"""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from logserver.store.database import transaction
from tests.docs.user import User
from tests.nowhere import Secret, files, in_bytes, tables
from tests.whole.process import serving
from tests.whole.talking import API, Talk

PASSWORD = "seven red lighthouses"
OTHER_PASSWORD = "eight green lighthouses"
OF_MAIL = "hunter2-of-the-mail-server"
OF_SELF = "hunter2-of-the-other-server"
OF_METRICS = "hunter2-of-the-metrics"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
STREAM = "5f0f6c4e-6a0e-4b57-9c3d-0c8a1f2e3b4d"


class Run:
    """One life of a server, and every secret there was in it."""

    def __init__(self, talk: Talk, user: User) -> None:
        self.talk = talk
        self.user = user
        self.secrets = {
            "a password": PASSWORD,
            "another": OTHER_PASSWORD,
            "the mail's": OF_MAIL,
            "the other's": OF_SELF,
            "the scraper's": OF_METRICS,
        }

    def make_tokens(self) -> None:
        made = {kind: self.user.token(kind=kind) for kind in ("project", "edge", "read")}
        made["master"] = self.user.master_key()
        project = made["project"]
        mobile = {"platform": "ios", "service": "app", "environment": "beta", "release": "1", "session_id": "s"}
        answer = self.talk.post("/mobile_ingest_tokens", project, {"mobile_ingest_token": mobile}, 201)
        made["mobile"] = answer["token"]
        made["viewer"] = self.talk.post("/viewer-tokens", project, {"tenant_id": "acme"}, 201)["token"]
        named = {"name": "k", "project_id": self.talk.get("/cli/projects", made["read"], 200)["items"][0]["uuid"]}
        made["key"] = self.talk.post("/keys", made["master"], named, 201)["key"]
        self.secrets |= made

    def make_people(self) -> None:
        link = self.user.runs("logserver", "user", "create", "ada@example.com").stdout.strip()
        self.secrets["the link of the shell"] = link.partition("token=")[2]
        reset = {"token": self.secrets["the link of the shell"], "new_password": PASSWORD}
        assert self.talk.ask("POST", f"{API}/auth/reset-password", None, reset).status == 204
        login = {"email": "ada@example.com", "password": PASSWORD}
        session = self.talk.post("/auth/login", None, login, 200)["token"]
        self.secrets |= {"a session": session, "half a session": session.split(".")[2]}
        self.secrets["the browser's"] = self.sign_in()
        change = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
        assert self.talk.ask("POST", f"{API}/auth/change-password", session, change).status == 204

    def sign_in(self) -> str:
        """The secret of a browser that has signed in."""
        page = self.talk.ask("GET", "/sign-in")
        (cookie,) = re.findall(rb"(?i)set-cookie: (logserver_form=[^;]+)", page.raw)
        (token,) = re.findall(rb'name="form_token" value="([^"]+)"', page.body)
        for password, status in (("wrong " + PASSWORD, 401), (PASSWORD, 303)):
            form = urlencode({"form_token": token, "email": "ada@example.com", "password": password}).encode()
            said = self.talk.ask("POST", "/sign-in", None, form, {**FORM, "Cookie": cookie.decode()})
            assert said.status == status
        (secret,) = re.findall(rb"logserver_session=([^;]+)", said.raw)
        return str(secret.decode())

    def use_each_wherever_it_can_be(self) -> None:
        """In the right place, in wrong ones, and in what cannot be read."""
        for secret in list(self.secrets.values()):
            plain = quote(secret)
            for path in (
                f"{API}/events",
                f"{API}/cli/session",
                f"{API}/agents",
                "/v1/logs",
                f"{API}/metrics/agents",
                "/metrics",
            ):
                self.talk.ask("GET", path, secret)
                self.talk.ask("GET", f"{path}?token={plain}&api_key={plain}&access_token={plain}&limit={plain}")
                self.talk.ask("GET", f"{path}/{plain}", secret)
            for path in (f"{API}/ingest_events", f"{API}/check_ins", f"{API}/events", "/v1/logs", f"{API}/auth/login"):
                for body in self.bodies(secret):
                    self.talk.ask("POST", path, None, body, {"X-Api-Key": secret})
                    self.talk.ask("POST", path, None, body)
            for path in (f"/{plain}", f"/p/{plain}/logs", f"{API}/streams/{plain}/info", f"{API}/stream/ws/{plain}"):
                self.talk.ask("GET", path, headers={"Cookie": f"logserver_session={plain}", "Accept": "text/html"})
            self.talk.ask("GET", f"/welcome?token={plain}")
            self.talk.ask("GET", f"/reset-password?token={plain}")
            self.talk.ask("GET", f"/sign-in?next=/{plain}")

    @staticmethod
    def bodies(secret: str) -> list[bytes]:
        wrong: list[Any] = [
            {"api_key": secret, "logs": "none"},
            {"event": secret},
            {"token": secret, "new_password": secret},
            {"email": secret, "password": secret},
            [secret],
        ]
        return [
            *(json.dumps(value).encode() for value in wrong),
            f'{{"api_key": "{secret}", '.encode(),
            secret.encode(),
        ]

    def fail_inside(self) -> None:
        """Errors of the server's own, with tracebacks, in requests that bear a secret each."""
        with transaction(self.user.server.folder) as tx:
            tx.execute("ALTER TABLE alert_rules RENAME TO gone")
        bearing = [self.secrets["project"], self.secrets["master"], self.secrets["key"]]
        statuses = [
            self.talk.ask("GET", f"{API}/alerts/rules?project_id=my-app&cursor={secret}", secret).status
            for secret in bearing
        ]
        assert 500 in statuses
        with transaction(self.user.server.folder) as tx:
            tx.execute("ALTER TABLE gone RENAME TO alert_rules")


def test_no_secret_is_in_anything_that_is_written(tmp_path: Path) -> None:
    folder, home = tmp_path / "data", tmp_path / "home"
    home.mkdir()
    options = ["--access-log", "json", "--log-level", "debug", "--smtp-password", OF_MAIL, "--self-api-key", OF_SELF]
    options += ["--metrics-token", OF_METRICS]
    # Nobody listens at either, so what goes wrong there is in the log as well.
    options += ["--smtp-host", "127.0.0.1", "--smtp-port", "1", "--smtp-user", "ada@example.com"]
    options += ["--self-endpoint", "http://127.0.0.1:1/api/v1/ingest_events"]
    options += ["--public-api-auth-failure-rate-limit-requests", "100000"]
    with serving(folder, *options) as server:
        run = Run(Talk(server), User(server, home))
        run.make_people()
        run.make_tokens()
        run.talk.post("/auth/forgot-password", None, {"email": "ada@example.com"}, 202)
        run.use_each_wherever_it_can_be()
        run.fail_inside()
        shown = [("command line", Path(f"/proc/{server.pid}/cmdline").read_bytes())]
        shown += [(f"{name} of a running server", held) for name, held in files(folder)]
        assert server.stop() == 0
        log = server.log()
        shown += [("log", log.encode()), ("standard output", server.printed().encode())]
    assert re.search("request req_[0-9a-f]+ failed", log)
    shown += [*files(folder), *tables(folder)]
    # A refusal repeats nothing of what it was sent; the answers that make a secret show it, that once.
    shown += [(name, held) for name, held in run.talk.answers if not name.endswith((", 200", ", 201", ", 303"))]
    assert len(run.secrets) > 12
    # They can be found where they are: in the answers that were left out.
    for made in ("mobile", "viewer", "key", "a session", "the browser's"):
        assert in_bytes(Secret(run.secrets[made], run.secrets[made]), run.talk.answers)
    assert [leak for text in run.secrets.values() for leak in in_bytes(Secret(text, text), shown)] == []
