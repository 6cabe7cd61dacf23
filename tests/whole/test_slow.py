"""Clients that are slow, mute, rude or many: each is bounded, and none of them is felt by the others."""

import gzip
import json
import resource
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest

from tests.whole.process import Server, serving
from tests.whole.raw import BATCH, CHECK_INS, EVENTS, NDJSON, Wire, ask, head, log_event, request
from tests.whole.shell import create_token, deployments, found, found_at_last, revoke_token

MEBIBYTE = 1024 * 1024
IDLE = 1_000
BOUNDED = 15.0
"""Seconds after which a client that does not do its part must have been let go; its server allows one for a body."""


class Place:
    """A running server with a token, shared by the tests of this file."""

    def __init__(self, folder: Path, server: Server, token: str) -> None:
        self.folder = folder
        self.server = server
        self.token = token

    def wire(self) -> Wire:
        return Wire(self.server)

    def post(self, path: str, message: str) -> int:
        """The status of one log event sent to a path."""
        return ask(self.server, request(path, self.token, log_event(message))).status


@contextmanager
def many_files() -> Iterator[None]:
    """Let this process, and a server it starts, hold the connections that the tests open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = soft if soft == resource.RLIM_INFINITY else max(soft, 2 * IDLE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("slow")
    token = create_token(folder)
    with many_files(), serving(folder, "--body-seconds", "1") as server:
        yield Place(folder, server, token)
        assert "Traceback" not in server.log()


@pytest.mark.parametrize("path", [EVENTS, BATCH, CHECK_INS])
def test_a_body_that_never_ends_gets_408_and_the_connection_is_closed(path: str, place: Place) -> None:
    with place.wire() as wire:
        wire.send(head(path, place.token, {"Content-Type": NDJSON, "Content-Length": 100}) + b'{"event":')
        answer = wire.answer()
        assert answer.status == 408
        assert answer.headers.get("connection") == "close"
        assert wire.ended()


def test_a_body_that_trickles_gets_408_and_the_connection_is_closed(place: Place) -> None:
    with place.wire() as wire:
        wire.send(head(EVENTS, place.token, {"Content-Length": 1_000_000}))
        assert trickled_until_closed(wire, b" ")


def test_a_chunked_body_that_trickles_is_bounded_too(place: Place) -> None:
    with place.wire() as wire:
        wire.send(head(EVENTS, place.token, {"Transfer-Encoding": "chunked"}))
        assert trickled_until_closed(wire, b"1\r\n \r\n")


def test_clients_that_say_nothing_whole_are_let_go(place: Place) -> None:
    with ExitStack() as open_ones:
        wires = [open_ones.enter_context(place.wire()) for _ in range(4)]
        for wire, sent in zip(wires, (b"", b"\r\n", b"POST /api/v1/ing", b"POST / HTTP/1.1\r\nHost: te"), strict=True):
            wire.send(sent)
            wire.give_up_after(BOUNDED)
        assert all(wire.ended() or wire.answer().status == 408 for wire in wires)


def test_a_client_that_leaves_within_a_body_stores_nothing(place: Place) -> None:
    data = request(EVENTS, place.token, log_event("left within"))
    for leave in (Wire.close, Wire.reset, Wire.finish_sending):
        wire = place.wire()
        wire.send(data[:-5])
        leave(wire)
        wire.close()
    assert place.post(EVENTS, "after those who left within") == 201
    assert found(place.folder, "left within") == []


def test_a_body_is_not_waited_for_once_its_sender_can_send_no_more(place: Place) -> None:
    data = request(EVENTS, place.token, log_event("ended within"))
    with place.wire() as wire:
        wire.send(data[:-5])
        wire.finish_sending()
        assert wire.ended()  # there would be a 408 if it were waited for


def test_a_client_that_leaves_before_the_answer_stores_all_of_a_batch_or_nothing(place: Place) -> None:
    marks = [f"hasty {number}" for number in range(20)]
    for mark in marks:
        wire = place.wire()
        lines = [log_event(mark, uuid=str(uuid4())) for _ in range(30)]
        wire.send(request(BATCH, place.token, lines, media=NDJSON))
        wire.reset()
    assert place.post(EVENTS, "after the hasty") == 201
    found_at_last(place.folder, "after the hasty")
    assert {len(found(place.folder, mark)) for mark in marks} <= {0, 30}


def test_a_chunked_body_without_end_is_cut_at_its_limit(place: Place) -> None:
    with place.wire() as wire:
        wire.send(head(EVENTS, place.token, {"Transfer-Encoding": "chunked"}))
        sent = wire.send_until_answered(b"10000\r\n" + b" " * 65_536 + b"\r\n", most=64 * MEBIBYTE)
        assert sent < 16 * MEBIBYTE
        answer = wire.answer()
        assert answer.status == 413
        assert answer.json()["limit"] == 2 * MEBIBYTE


def test_a_length_beyond_the_limit_is_refused_before_the_body(place: Place) -> None:
    with place.wire() as wire:
        answer = wire.ask(head(EVENTS, place.token, {"Content-Length": 2 * MEBIBYTE + 1}))
    assert answer.status == 413
    assert answer.json()["actual"] == 2 * MEBIBYTE + 1


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the memory of a process is read from /proc")
def test_a_gzip_bomb_is_cut_at_its_limit(place: Place) -> None:
    body = gzip.compress(b" " * (200 * MEBIBYTE))
    fields: dict[str, str | int] = {"Content-Type": NDJSON, "Content-Encoding": "gzip", "Content-Length": len(body)}
    answer = ask(place.server, head(BATCH, place.token, fields) + body)
    assert (answer.status, answer.json()["code"]) == (413, "decompressed_bytes")
    assert peak_megabytes(place.server) < 250


def test_a_client_that_waits_for_100_continue_is_told_to_go_on(place: Place) -> None:
    body = json.dumps(log_event("expected")).encode()
    with place.wire() as wire:
        wire.send(head(EVENTS, place.token, {"Content-Length": len(body), "Expect": "100-continue"}))
        assert wire.line() == b"HTTP/1.1 100 Continue"
        assert wire.line() == b""
        assert wire.ask(body).status == 201


def test_pipelined_requests_are_answered_in_their_order(place: Place) -> None:
    own = [str(uuid4()) for _ in range(50)]
    with place.wire() as wire:
        wire.send(b"".join(request(EVENTS, place.token, log_event("piped", uuid=each)) for each in own))
        answers = [wire.answer() for _ in own]
    assert [answer.json()["id"] for answer in answers] == own
    assert {answer.status for answer in answers} == {201}


def test_a_connection_is_used_again_after_a_refusal(place: Place) -> None:
    with place.wire() as wire:
        assert wire.ask(request(EVENTS, place.token, {"event": {"level": "info"}})).status == 422
        assert wire.ask(request(EVENTS, "wrong", log_event("never"))).status == 401
        assert wire.ask(request(EVENTS, place.token, log_event("after refusals"))).status == 201


@pytest.mark.parametrize(
    "path",
    [f"{EVENTS}/", f"/{EVENTS}", f"{EVENTS}.json", f"{EVENTS}?source=app", "/api/v1/ingest%5Fevents"],
)
def test_a_path_as_some_client_spells_it_is_understood(path: str, place: Place) -> None:
    assert place.post(path, "spelled differently") == 201


@pytest.mark.parametrize("path", ["/api/v1/deployments/", f"{BATCH}/", f"{CHECK_INS}/", "/api/v1/nothing/", "//"])
def test_a_post_is_never_sent_elsewhere(path: str, place: Place) -> None:
    answer = ask(place.server, request(path, place.token, {"deployment": {"release": "1"}}))
    assert not 300 <= answer.status < 400
    assert answer.headers["content-type"] == "application/json"
    assert deployments(place.folder) == []


@pytest.mark.parametrize("rubbish", [b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET\r\n\r\n", b"{}\n" * 1_000])
def test_what_is_no_http_is_cut_off(rubbish: bytes, place: Place) -> None:
    with place.wire() as wire:
        with suppress(ConnectionError):
            wire.send(rubbish)
        assert wire.ended() or wire.answer().status == 400


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"POST /", b"a" * 65_536),
        (b"POST / HTTP/1.1\r\nA: ", b"a" * 65_536),
        (b"POST / HTTP/1.1\r\n", b"A: b\r\n" * 10_000),
    ],
    ids=["address", "header", "headers"],
)
def test_a_head_without_end_is_cut_off(begin: bytes, piece: bytes, place: Place) -> None:
    with place.wire() as wire:
        wire.send(begin)
        try:
            sent = wire.send_until_answered(piece, most=8 * MEBIBYTE)
        except ConnectionError:
            return
        assert sent < 8 * MEBIBYTE


def test_a_thousand_idle_connections_stop_nobody(place: Place) -> None:
    with ExitStack() as idle:
        for _ in range(IDLE):
            idle.enter_context(place.wire())
        assert place.post(EVENTS, "beside the idle") == 201
    assert place.post(EVENTS, "after the idle") == 201


def test_a_revoked_token_is_refused_by_the_running_server(place: Place) -> None:
    token = create_token(place.folder)
    data = request(EVENTS, token, log_event("while it lasts"))
    with place.wire() as wire:
        assert wire.ask(data).status == 201
        revoke_token(place.folder, token)
        deadline = monotonic() + 5
        while (status := wire.ask(data).status) == 201:
            assert monotonic() < deadline
        assert status == 401
    assert place.post(EVENTS, "with another token") == 201


def test_a_new_token_is_welcome_at_once_even_if_it_was_refused_before(place: Place) -> None:
    data = request(EVENTS, "not-yet", log_event("early"))
    assert ask(place.server, data).status == 401
    assert ask(place.server, request(EVENTS, create_token(place.folder, "late"), log_event("new"))).status == 201


def trickled_until_closed(wire: Wire, drop: bytes) -> bool:
    """Send one drop after the other until the connection is closed; False when it stays open."""
    deadline = monotonic() + BOUNDED
    while monotonic() < deadline:
        try:
            wire.send(drop)
        except ConnectionError:
            return True
        if not wire.listen(within=0.05):
            return True
    return False


def peak_megabytes(server: Server) -> int:
    """The most memory the process ever held."""
    status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024
