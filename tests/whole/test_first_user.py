"""The first user of a real server: on its machine, or with what it prints when it starts without any."""

import json
import re
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

from tests.docs.user import User
from tests.whole.process import Server, serving
from tests.whole.raw import Answer, ask

WHO = {"password": "nine lives, nine looms", "name": "Ada", "organization_name": "Analytical Engines"}


def posted(server: Server, path: str, body: dict[str, Any], **headers: str) -> Answer:
    raw = json.dumps(body).encode()
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: {server.host}:{server.port}\r\nContent-Length: {len(raw)}\r\n{more}\r\n"
    return ask(server, head.encode() + raw)


def registers(server: Server, email: str, **headers: str) -> Answer:
    return posted(server, "/api/v1/auth/register", WHO | {"email": email}, **headers)


def printed_token(folder: Path) -> str:
    with serving(folder) as server:
        assert server.stop() == 0
        (token,) = re.findall(r"/welcome\?token=([\w-]{32})\n", server.printed())
    assert isinstance(token, str)
    return token


def test_two_who_race_to_be_first_make_one_admin(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        barrier, answers = Barrier(4), list[Answer]()

        def race(number: int) -> None:
            barrier.wait()
            answers.append(registers(server, f"racer-{number}@example.com"))

        racers = [Thread(target=race, args=(number,)) for number in range(4)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
        assert sorted(answer.status for answer in answers) == [201, 403, 403, 403]


def test_the_printed_token_lets_in_until_there_is_a_user(tmp_path: Path) -> None:
    older = printed_token(tmp_path)
    with serving(tmp_path, "--trusted-proxies", "127.0.0.1") as server:
        abroad = {"X_Forwarded_For": "203.0.113.7"}
        assert registers(server, "eve@example.com", **abroad).status == 403
        assert registers(server, "eve@example.com", **abroad, X_Setup_Token=older).status == 403
        assert server.stop() == 0
        (newer,) = re.findall(r"/welcome\?token=([\w-]{32})\n", server.printed())
    with serving(tmp_path) as server:
        # It is void with the next start, whose own nobody has read: what is left is the machine itself.
        assert registers(server, "eve@example.com", X_Setup_Token=newer).status == 403
        assert registers(server, "ada@example.com").status == 201
        assert server.stop() == 0
    with serving(tmp_path) as server:
        assert server.stop() == 0
        assert "/welcome" not in server.printed()


def test_a_user_of_the_shell_signs_in_beside_the_running_server(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with serving(tmp_path / "data") as server:
        shell = User(server, home)
        link = shell.runs("logserver", "user", "create", "ada@example.com", "--public-url", server.base_url).stdout
        token = link.strip().partition("?token=")[2]
        assert registers(server, "eve@example.com").status == 403
        password = {"token": token, "new_password": WHO["password"]}
        assert posted(server, "/api/v1/auth/reset-password", password).status == 204
        login = {"email": "ada@example.com", "password": WHO["password"]}
        entered = posted(server, "/api/v1/auth/login", login)
        assert (entered.status, entered.json()["user"]["role"]) == (200, "admin")
        assert "last active admin" in shell.runs("logserver", "user", "disable", "ada@example.com", code=1).stderr
        assert token not in server.log()
        assert WHO["password"] not in server.log()
