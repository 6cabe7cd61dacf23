"""What the README says of a server behind a proxy."""

import re
from pathlib import Path

from logserver.api.socket_protocol import PING_SECONDS
from logserver.contracts.logfleet import edge_metrics, shipping, streams
from logserver.contracts.logister import batch, bounds
from logserver.contracts.luminalog.bounds import BODY_BYTES
from tests.docs.user import User, blocks, readme
from tests.whole.process import serving
from tests.whole.raw import EVENTS, Wire, head
from tests.whole.talking import Talk

OPTIONS = next(block.split()[2:] for block in blocks("text") if "--trusted-proxies" in block)
ENTRY = {"timestamp": "2026-11-21T09:30:00Z", "level": "info", "message": "through a proxy"}
PATIENT_SECONDS = 60
"""How long nginx waits for a word on an open connection, where it is not told otherwise."""


def test_a_proxy_is_believed_only_where_it_is_trusted(tmp_path: Path) -> None:
    forwarded = head(EVENTS, "unknown", {"X-Forwarded-For": "192.0.2.1, 203.0.113.9, 127.0.0.1", "Content-Length": 0})
    addresses = []
    for number, given in enumerate(([], OPTIONS)):
        with serving(tmp_path / str(number), *given) as server:
            with Wire(server) as wire:
                assert wire.ask(forwarded).status == 401
            assert server.stop() == 0
            addresses += re.findall(rf"(\S+) POST {EVENTS} 401", server.log())
    assert addresses == ["127.0.0.1", "203.0.113.9"]


def test_what_the_proxy_says_of_https_and_the_public_url_hold(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    public = OPTIONS[OPTIONS.index("--public-url") + 1]
    with serving(tmp_path / "data", *OPTIONS) as server:
        user, talk = User(server, home), Talk(server)
        token, key, session = user.token(), user.token(kind="edge"), user.session()
        https = {"X-Forwarded-Proto": "https"}
        for headers, status in ((https, 200), ({"X-Forwarded-Proto": "http"}, 403), ({}, 403)):
            assert talk.ask("POST", "/v1/logs", token, {"logs": [ENTRY]}, headers).status == status
        agent = talk.post("/edge/register", key, {"name": "web-1"}, 201)["id"]
        started = talk.post("/stream/start", session, {"agent_id": agent}, 201)
        assert started["websocket_url"].startswith(public.replace("https://", "wss://") + "/")
        link = user.types("logserver user create ben@example.com", LOGSERVER_PUBLIC_URL=public)
        assert link.startswith(f"{public}/")


def test_the_proxy_passes_what_the_server_takes() -> None:
    (nginx,) = blocks("nginx")
    (caddy,) = blocks("caddy")
    (most,) = re.findall(r"pass bodies of (\d+) MiB", readme())
    assert f"client_max_body_size {most}m;" in nginx
    largest = max(BODY_BYTES, shipping.BODY_BYTES, edge_metrics.MAX_BODY, streams.PUSH_BYTES, batch.WIRE_BYTES)
    assert max(largest, bounds.BODY_BYTES) == int(most) * 1024 * 1024
    for header in ("Host", "X-Forwarded-For", "X-Forwarded-Proto", "Upgrade", "Connection"):
        assert f"proxy_set_header {header} $" in nginx
    assert "proxy_http_version 1.1;" in nginx
    assert PING_SECONDS < PATIENT_SECONDS
    address = "127.0.0.1:8080"
    assert f"proxy_pass http://{address};" in nginx
    assert f"reverse_proxy {address}" in caddy
    assert caddy.splitlines()[0].split()[0] == OPTIONS[-1].removeprefix("https://")
