"""What the README says of people: how the first one is made, who may come later, who may what, and new passwords."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from logserver.core.people import accounts, letters, links, password_rule, sessions
from tests.docs.user import User, needs, readme
from tests.examples import ROOT
from tests.mailbox import Mailbox
from tests.whole.agents import until
from tests.whole.process import PATIENCE, Server, environment, serving
from tests.whole.talking import Talk

PASSWORD = "seven red lighthouses"


def registered(server: Server, email: str, status: int, **more: str) -> Any:
    body = {"email": email, "password": PASSWORD, "name": "Somebody", "organization_name": "Acme", **more}
    return Talk(server).post("/auth/register", None, body, status)


def section() -> str:
    """The section of the README."""
    return " ".join(readme().partition("## People\n")[2].partition("\n## ")[0].split())


def test_what_it_says_in_words_is_so() -> None:
    text = section()
    assert sessions.SECONDS == 86_400
    assert "ends after a day" in text
    assert (links.RESET_MS, links.INVITE_MS) == (3_600_000, 3 * 86_400_000)
    assert "works once, and for an hour; the first one of a new user for three days" in text
    assert f"A password has at least {password_rule.SHORTEST} characters" in text
    assert {"admin", "member"} == set(accounts.ROLES)
    assert letters.PER_HOUR > 0


def test_the_setup_token_that_is_printed_makes_the_first_user(tmp_path: Path) -> None:
    needs("curl")
    serve = [sys.executable, "-m", "logserver", "serve", "--data", str(tmp_path), "--port", "0"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, cwd=ROOT, env=environment(), text=True) as process:
        assert process.stdout is not None
        said = [""]
        while "/welcome?token=" not in said[-1]:
            said.append(process.stdout.readline())
            assert said[-1], said
        address, _, token = said[-1].strip().partition("/welcome?token=")
        who = {"email": "ada@example.com", "password": PASSWORD, "name": "A", "organization_name": "A"}
        typed = f"curl {address}/api/v1/auth/register -H 'X-Setup-Token: {token}' -d '{json.dumps(who)}'"
        # Through a proxy that nobody trusts, so that it is not the server's own machine that lets in.
        typed += " -sS -H 'X-Forwarded-For: 203.0.113.7'"
        without = re.sub(r"-H 'X-Setup-Token: [^']+'", "", typed)
        answers = [
            json.loads(subprocess.run(["sh", "-c", each], capture_output=True, timeout=PATIENCE, check=True).stdout)
            for each in (without, typed, typed.replace("ada@", "eve@"))
        ]
        process.terminate()
        assert process.wait(PATIENCE) == 0
    assert [answer.get("error") for answer in answers] == ["forbidden", None, "forbidden"]
    assert answers[1]["user"]["role"] == "admin"


def test_who_comes_later_is_a_member_until_somebody_says_otherwise(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with serving(tmp_path / "data", "--open-registration") as server:
        user, talk = User(server, home), Talk(server)
        user.types("logserver user create ada@example.com")
        ben = registered(server, "ben@example.com", 201)["token"]
        assert talk.get("/auth/me", ben, 200)["user"]["role"] == "member"
        talk.get("/agents", ben, 200)
        key = {"name": "web", "permissions": ["edge:register"]}
        talk.post("/api-keys", ben, key, 403)
        user.types("logserver user role ben@example.com admin")
        until(lambda: talk.ask("POST", "/api/v1/api-keys", ben, key).status == 201, server.log)
        user.types("logserver user disable ben@example.com")
        until(lambda: talk.ask("GET", "/api/v1/agents", ben).status == 401, server.log)


def test_who_is_named_in_the_settings_is_an_admin(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with serving(tmp_path / "data", "--admin-emails", "ben@example.com") as server:
        user = User(server, home)
        link = user.types("logserver user create ben@example.com --role member").strip()
        body = {"token": link.partition("token=")[2], "new_password": PASSWORD}
        talk = Talk(server)
        assert talk.ask("POST", "/api/v1/auth/reset-password", None, body).status == 204
        login = {"email": "ben@example.com", "password": PASSWORD}
        assert talk.post("/auth/login", None, login, 200)["user"]["role"] == "admin"


@pytest.mark.parametrize("by", ["mail", "the shell"])
def test_a_new_password_by_a_link_that_works_once(by: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with Mailbox() as mailbox:
        smtp = ("--smtp-host", "127.0.0.1", "--smtp-port", str(mailbox.port), "--smtp-security", "none")
        with serving(tmp_path / "data", *(smtp if by == "mail" else ())) as server:
            user, talk = User(server, home), Talk(server)
            session = user.session()
            asked = talk.post("/auth/forgot-password", None, {"email": "admin@example.com"}, 202)
            assert "is on its way" in asked["message"]
            if by == "mail":
                until(lambda: bool(mailbox.letters), server.log)
                text = mailbox.letters[0].get_content()
            else:
                text = user.types("logserver user reset-password admin@example.com")
            (token,) = re.findall(r"token=([\w-]+)", text)
            for status in (204, 400):
                body = {"token": token, "new_password": PASSWORD}
                assert talk.ask("POST", "/api/v1/auth/reset-password", None, body).status == status
            talk.get("/agents", session, 401)
    assert len(mailbox.letters) == (1 if by == "mail" else 0)
