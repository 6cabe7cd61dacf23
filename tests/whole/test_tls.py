"""HTTPS spoken by the server itself, without a proxy."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from websockets.sync.client import connect

from logserver.api.everywhere import HTTPS_ONLY
from tests.certificates import Authority, Pair
from tests.whole.agents import until
from tests.whole.process import PATIENCE, Server, environment, refused, serving
from tests.whole.raw import BATCH, EVENTS, NDJSON, Wire, head, log_event, request
from tests.whole.shell import create_token, found
from tests.whole.watching import People

SIGN_IN = b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Place(NamedTuple):
    server: Server
    people: People
    authority: Authority
    pair: Pair
    token: str

    def wire(self) -> Wire:
        return Wire(self.server, self.authority.client())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder)
    pair = authority.issue("server")
    token, people = create_token(folder / "data"), People(folder / "data")
    with serving(folder / "data", *pair.options(), "--require-https", "on") as server:
        yield Place(server, people, authority, pair, token)
        log = server.log()
    assert "Traceback" not in log
    assert " ERROR " not in log


def test_every_way_of_sending_works(place: Place) -> None:
    entry = {"timestamp": "2026-11-21T09:30:00Z", "level": "info", "message": "tls: a line"}
    many = [
        log_event(f"tls: one of many {n}" + "x" * 2_000, uuid=f"0000000{n}-0000-4000-8000-000000000000")
        for n in range(9)
    ]
    with place.wire() as wire:
        for _ in range(2):  # the second time by the short way, whose sender is known
            assert wire.ask(request(EVENTS, place.token, log_event("tls: one"))).status == 201
        assert wire.ask(request(BATCH, place.token, many, media=NDJSON)).status == 202
        # Which refuses plain HTTP here.
        for _ in range(2):
            assert wire.ask(request("/v1/logs", place.token, {"logs": [entry]})).status == 200
    folder = place.server.folder
    assert (len(found(folder, "tls: one")), len(found(folder, "tls: a line"))) == (2, 2)


def test_a_body_in_pieces_arrives(place: Place) -> None:
    body = json.dumps(log_event("tls: in pieces")).encode()
    with place.wire() as wire:
        wire.send(head(EVENTS, place.token, {"Content-Type": "application/json", "Content-Length": len(body)}))
        for at in range(0, len(body), 10):
            wire.send(body[at : at + 10])
        assert wire.answer().status == 201


def test_a_page_and_its_cookies_are_for_https_only(place: Place) -> None:
    with place.wire() as wire:
        answer = wire.ask(SIGN_IN)
    assert answer.headers["set-cookie"].startswith("__Host-")
    assert "; Secure" in answer.headers["set-cookie"]


def test_a_live_stream_is_watched_by_wss(place: Place) -> None:
    people = place.people
    with place.wire() as wire:
        agent = wire.ask(request("/api/v1/edge/register", people.key, {"name": "web-1"})).json()["id"]
        assert wire.ask(request(f"/api/v1/edge/agents/{agent}/heartbeat", people.key, {})).status == 200
        started = wire.ask(request("/api/v1/stream/start", people.admin, {"agent_id": agent})).json()
    assert started["websocket_url"].startswith("wss://")
    url = f"wss://127.0.0.1:{place.server.port}/api/v1/stream/ws/{started['session_id']}"
    bearer = {"Authorization": f"Bearer {people.admin}"}
    with connect(url, ssl=place.authority.client(), additional_headers=bearer, open_timeout=PATIENCE) as socket:
        assert socket.ping().wait(PATIENCE)


def test_the_shell_asks_by_https(place: Place) -> None:
    asking = {"LOGSERVER_URL": place.server.base_url, "LOGSERVER_TOKEN": place.token}
    trusting = environment() | asking | {"SSL_CERT_FILE": str(place.authority.file)}
    command = [sys.executable, "-m", "logserver", "verify"]
    done = subprocess.run(command, env=trusting, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("sent", [SIGN_IN, b"\x16\x03\x01", os.urandom(64), b""], ids=["http", "half", "noise", "none"])
def test_whoever_speaks_no_tls_gets_no_answer(place: Place, sent: bytes) -> None:
    with Wire(place.server) as wire:
        wire.send(sent)
        wire.finish_sending()
        assert b"HTTP/" not in wire.everything()
    with place.wire() as wire:
        assert wire.ask(SIGN_IN).status == 200


def test_one_who_closes_before_the_answer_is_no_news(place: Place) -> None:
    for _ in range(5):
        with place.wire() as wire:
            wire.send(request(EVENTS, place.token, log_event("tls: gone")))
    assert "eof_received" not in place.server.log()


def test_a_renewed_certificate_is_taken_up(place: Place) -> None:
    def serial() -> str:
        with place.wire() as wire:
            return str(wire.certificate()["serialNumber"])

    before = serial()
    place.authority.issue("server")
    until(lambda: serial() != before)


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    pair = Authority(tmp_path).issue("server")
    code, said = refused(tmp_path / "data", "--tls-cert", str(pair.cert))
    assert (code, said.splitlines()[-1]) == (2, "Error: --tls-cert needs --tls-key beside it")
    code, said = refused(tmp_path / "data", "--tls-key", str(pair.key))
    assert (code, said.splitlines()[-1]) == (2, "Error: --tls-key needs --tls-cert beside it")
    pair.key.unlink()
    code, said = refused(tmp_path / "data", *pair.options())
    assert (code, said) == (1, f"Error: {pair.key}: No such file or directory\n")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("public", "told"), [("https://logs.example.com", True), ("https://logs.example.com:8443", False), ("", False)]
)
def test_browsers_are_kept_to_https_where_it_is_at_its_usual_port(tmp_path: Path, public: str, *, told: bool) -> None:
    options = ["--public-url", public] if public else []
    token = create_token(tmp_path)
    with serving(tmp_path, *options) as server, Wire(server) as wire:
        for asked in (SIGN_IN, request(EVENTS, token, log_event("a")), request(EVENTS, token, log_event("b"))):
            assert (HTTPS_ONLY[0].decode() in wire.ask(asked).headers) is told


def test_the_start_lines_lead_to_https(tmp_path: Path) -> None:
    with serving(tmp_path / "data", *Authority(tmp_path).issue("server").options()) as server:
        assert server.base_url.startswith("https://")
        assert server.says("/welcome?").startswith(server.base_url)
