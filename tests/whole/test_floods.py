"""Bodies that swell, names and addresses without end: what they cost the server is bounded, and the others go on."""

import gzip
import json
import os
import zlib
from collections import Counter
from pathlib import Path
from time import time
from typing import Any

import pytest

from logserver.core import projects, tokens
from logserver.core.limits import Windows
from logserver.store.database import transaction
from logserver.store.series import BOUNDS
from tests.examples import EXAMPLES
from tests.serving import signed_in
from tests.whole.crowding import megabytes, needs_proc
from tests.whole.process import Server, serving
from tests.whole.raw import BATCH, EVENTS, NDJSON, Answer, Wire, ask, head, log_event, request
from tests.whole.shell import create_token, found, names

NAMES = int(os.environ.get("LOGSERVER_FLOOD_NAMES", "30000"))
ADDRESSES = int(os.environ.get("LOGSERVER_FLOOD_ADDRESSES", "21000"))
MEBIBYTE = 1_048_576
_PIPED = 100
_KEYS = 300

_BODIED = ("post", "put", "patch")


def bomb(size: int, layers: int = 1) -> bytes:
    """Spaces that were packed, and packed again."""
    packer = zlib.compressobj(9, wbits=31)
    block = b" " * MEBIBYTE
    packed = b"".join([*(packer.compress(block) for _ in range(size // MEBIBYTE)), packer.flush()])
    for _ in range(layers - 1):
        packed = gzip.compress(packed)
    return packed


def routes() -> list[tuple[str, str]]:
    """Method and path of every route of the API that takes a body."""
    document = json.loads((EXAMPLES / "openapi.json").read_text(encoding="utf-8"))
    nowhere = "00000000-0000-4000-8000-000000000000"
    return [
        (method.upper(), "/".join(nowhere if part.startswith("{") else part for part in path.split("/")))
        for path, methods in document["paths"].items()
        for method, declared in methods.items()
        if method in _BODIED and "requestBody" in declared
    ]


def credentials(folder: Path) -> list[str]:
    """One of each kind; each route lets one of them in."""
    now = int(time() * 1000)
    with transaction(folder) as tx:
        project = projects.create(tx, slug="app", now_ms=now)
        issued = [
            tokens.issue(tx, kind=kind, name=kind, project=None if kind == "master" else project, now_ms=now).secret
            for kind in ("project", "edge", "master")
        ]
        return [*issued, signed_in(tx, "ada@example.com", "admin", now)]


def sent(server: Server, method: str, path: str, secrets: list[str], body: bytes) -> Answer:
    """The answer to a packed body of the first sender who is let in."""
    for secret in secrets:
        fields: dict[str, str | int] = {
            "Content-Encoding": "gzip",
            "Content-Type": NDJSON if path == BATCH else "application/json",
            "Content-Length": len(body),
        }
        answer = ask(server, head(path, secret, fields).replace(b"POST", method.encode(), 1) + body)
        if answer.status not in {401, 403}:
            break
    return answer


@needs_proc
def test_bombs_are_cut_at_the_limit_of_every_route(tmp_path: Path) -> None:
    secrets = credentials(tmp_path)
    small, large, nested = bomb(48 * MEBIBYTE), bomb(256 * MEBIBYTE), bomb(64 * MEBIBYTE, layers=2)
    assert len(small) < 64 * 1024
    good = request(EVENTS, secrets[0], log_event("after the bombs"))
    with serving(tmp_path, "--access-log", "off") as server:
        assert ask(server, good).status == 201
        before = megabytes(server)
        statuses: Counter[int] = Counter()
        for method, path in routes():
            for body in (small, nested):
                answer = sent(server, method, path, secrets, body)
                assert 400 <= answer.status < 500, (method, path, answer)
                statuses[answer.status] += 1
        for path in (EVENTS, BATCH, "/api/v1/events", "/v1/logs", "/api/v1/edge/metrics"):
            answer = sent(server, "POST", path, secrets, large)
            assert answer.status in {400, 413, 415}, (path, answer)
        # At its largest a body of 16 MiB, and what is read out of it.
        assert megabytes(server, "VmHWM") - before < 100
        assert statuses[413] > 20
        assert ask(server, good).status == 201
        assert "Traceback" not in server.log()
    assert len(found(tmp_path)) == 2


@needs_proc
def test_attribute_names_without_end_stay_out_of_memory_and_vocabulary(tmp_path: Path) -> None:
    token = create_token(tmp_path)
    with serving(tmp_path, "--access-log", "off") as server, Wire(server) as wire:
        # What every server comes to hold under load is held before it is measured.
        for number in range(100):
            assert wire.ask(request(EVENTS, token, log_event(f"first {number}"))).status == 201
        before = megabytes(server)
        for first in range(0, NAMES, _KEYS):
            context = {f"name_{number}": number for number in range(first, first + _KEYS)}
            assert wire.ask(request(EVENTS, token, log_event("named", context=context))).status == 201
        grown = megabytes(server) - before
        print(f"{NAMES} names: {grown} MB more")
        assert grown < 60
    stored = found(tmp_path, "named")
    assert sum(len(event.context) for event in stored) >= NAMES
    last: dict[str, Any] = {f"name_{NAMES - 1}": NAMES - 1}
    assert found(tmp_path, **last)
    for kind in ("environment", "release", "name"):
        assert len(names(tmp_path, kind)) <= BOUNDS[kind]


@needs_proc
@pytest.mark.parametrize("path", [EVENTS, "/api/v1/streams/00000000-0000-4000-8000-000000000000/events"])
def test_addresses_without_end_stay_out_of_memory(tmp_path: Path, path: str) -> None:
    good = request(EVENTS, create_token(tmp_path), log_event("among the many"))
    with serving(tmp_path, "--access-log", "off", "--trusted-proxies", "127.0.0.1") as server, Wire(server) as wire:
        assert wire.ask(good).status == 201
        before = megabytes(server)
        statuses: Counter[int] = Counter()
        for first in range(0, ADDRESSES, _PIPED):
            for number in range(first, first + _PIPED):
                address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
                wire.send(head(path, "wrong", {"X-Forwarded-For": address, "Content-Length": 2}) + b"{}")
            statuses.update(wire.answer().status for _ in range(_PIPED))
        grown = megabytes(server) - before
        print(f"{ADDRESSES} addresses: {grown} MB more, {dict(statuses)}")
        assert grown < 40
        # Past as many as are told apart, the others are limited as one.
        assert statuses[429] > 0
        assert statuses[429] < ADDRESSES - Windows.CAPACITY + _PIPED
        # Whoever is known is not.
        forwarded = good.replace(b"Host: test\r\n", b"Host: test\r\nX-Forwarded-For: 192.0.2.1\r\n")
        assert ask(server, forwarded).status == 201
        assert "Traceback" not in server.log()
    assert len(found(tmp_path, "among the many")) == 2
