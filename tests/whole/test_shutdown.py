"""How the server starts and stops: in good order, or with a plain word why not."""

import signal
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest

from logserver.store.connections import FILE
from tests.whole.load import Load
from tests.whole.process import PATIENCE, Server, refused, serving
from tests.whole.raw import EVENTS, Wire, ask, head, log_event, request
from tests.whole.shell import create_token, found
from tests.whole.verify import verify

STOPPED_WITHIN = 5.0
"""Seconds from the signal to the end of the process, whatever its clients do."""

SIGNALS = (signal.SIGTERM, signal.SIGINT)


def log_size(folder: Path) -> int:
    """Bytes of the write-ahead log; none where there is none."""
    path = folder / f"{FILE}-wal"
    return path.stat().st_size if path.exists() else 0


def refuses_connections(server: Server) -> bool:
    """Whether the port has been closed, at last."""
    deadline = monotonic() + PATIENCE
    while monotonic() < deadline:
        try:
            socket.create_connection((server.host, server.port), timeout=PATIENCE).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:  # it was waiting to be accepted when the port was closed
            continue
    return False


@pytest.mark.parametrize("number", SIGNALS)
def test_under_load_a_signal_loses_nothing(number: signal.Signals, tmp_path: Path) -> None:
    load = Load(7, [create_token(tmp_path)])
    with serving(tmp_path) as server:
        load.run(server, connections=32, steps=1_500, then=lambda: server.signal(number))
        assert server.wait(within=STOPPED_WITHIN) == 0
        assert log_size(tmp_path) == 0
        assert not load.strange
        assert "Traceback" not in server.log()
    assert verify(tmp_path, load.parcels) > 100


@pytest.mark.parametrize("number", SIGNALS)
def test_a_request_under_way_is_answered_and_no_other_taken(number: signal.Signals, tmp_path: Path) -> None:
    own = str(uuid4())
    data = request(EVENTS, create_token(tmp_path), log_event("under way", uuid=own))
    with serving(tmp_path) as server, Wire(server) as wire, Wire(server) as idle:
        wire.send(data[:-10])
        assert ask(server, data.replace(own.encode(), str(uuid4()).encode())).status == 201
        server.signal(number)
        assert refuses_connections(server)
        answer = wire.ask(data[-10:])
        assert answer.status == 201
        assert answer.headers["connection"] == "close"
        assert idle.ended()
        assert server.wait(within=STOPPED_WITHIN) == 0
        assert log_size(tmp_path) == 0
    assert answer.json()["id"] == own
    assert len(found(tmp_path, "under way")) == 2


def test_a_sender_that_never_ends_does_not_hold_the_stop(tmp_path: Path) -> None:
    token = create_token(tmp_path)
    with serving(tmp_path) as server, Wire(server) as slow, Wire(server) as mute, Wire(server) as half:
        slow.send(head(EVENTS, token, {"Content-Length": 100}) + b'{"event":')
        half.send(b"POST /api/v1/ing")
        assert ask(server, request(EVENTS, token, log_event("before"))).status == 201
        assert server.stop(within=STOPPED_WITHIN) == 0
        assert mute.ended()
        assert log_size(tmp_path) == 0
    assert len(found(tmp_path)) == 1


def test_a_sender_cut_off_by_the_stop_is_no_fault_of_the_server(tmp_path: Path) -> None:
    token = create_token(tmp_path)
    with serving(tmp_path) as server, Wire(server) as slow:
        slow.send(head(EVENTS, token, {"Content-Length": 100}) + b'{"event":')
        assert ask(server, request(EVENTS, token, log_event("before"))).status == 201
        assert server.stop(within=STOPPED_WITHIN) == 0
        assert slow.ended() or slow.answer().status in {408, 503}
        assert "Traceback" not in server.log()


def test_a_second_interrupt_stops_at_once_and_loses_nothing(tmp_path: Path) -> None:
    token = create_token(tmp_path)
    with serving(tmp_path) as server, Wire(server) as slow:
        slow.send(head(EVENTS, token, {"Content-Length": 100}) + b'{"event":')
        assert ask(server, request(EVENTS, token, log_event("answered"))).status == 201
        server.signal(signal.SIGINT)
        assert refuses_connections(server)
        server.signal(signal.SIGINT)
        server.wait(within=STOPPED_WITHIN)
    assert len(found(tmp_path, "answered")) == 1


def test_what_was_stopped_starts_again_where_it_was(tmp_path: Path) -> None:
    data = request(EVENTS, create_token(tmp_path), log_event("kept", uuid=str(uuid4())))
    with serving(tmp_path) as server:
        first = ask(server, data)
        assert server.stop() == 0
    with serving(tmp_path) as server:
        again = ask(server, data)
    assert (first.status, again.status) == (201, 200)
    assert again.json() == first.json() | {"duplicate": True}


def test_a_second_server_on_the_folder_is_refused(tmp_path: Path) -> None:
    token = create_token(tmp_path)
    with serving(tmp_path) as server:
        code, said = refused(tmp_path)
        assert ask(server, request(EVENTS, token, log_event("unharmed"))).status == 201
    assert_plain_refusal(code, said, f"another logserver is serving {tmp_path}")


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        code, said = refused(tmp_path, "--port", port)
    assert_plain_refusal(code, said, port)
    assert log_size(tmp_path) == 0


def newer(path: Path) -> None:
    create_token(path.parent)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO migrations VALUES (9000, 'later', '2100-01-01')")


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE customers (name TEXT)")


def garbage(path: Path) -> None:
    path.write_bytes(b"these are the accounts of 1997\n" * 1_000)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (newer, "the store has schema 9000, made by a newer logserver"),
        (foreign, "the database file belongs to another application"),
        (garbage, "not a database"),
    ],
)
def test_a_file_that_is_no_store_of_this_version_is_refused(
    make: Callable[[Path], None], why: str, tmp_path: Path
) -> None:
    make(tmp_path / FILE)
    code, said = refused(tmp_path)
    assert_plain_refusal(code, said, why)


@pytest.mark.parametrize("make", [foreign, garbage])
def test_a_file_of_another_application_is_left_as_it_was(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / FILE
    make(path)
    before = path.read_bytes()
    refused(tmp_path)
    assert path.read_bytes() == before


def test_the_data_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "by it"
    with serving(folder) as server:
        assert server.stop() == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o077 for path in folder.iterdir() if path.stat().st_mode & 0o077} == {}


def assert_plain_refusal(code: int, said: str, why: str) -> None:
    """The exit code of a failed start, its reason, and no insides of the program."""
    assert why in said
    assert code == 1
    assert "Traceback" not in said
