"""An operator beside a running server: tokens are made and taken back under load, and nobody waits for ever."""

from pathlib import Path
from threading import Event, Thread

import pytest

from logserver.store.database import transaction
from tests.whole.load import Load
from tests.whole.process import PATIENCE, serving
from tests.whole.raw import EVENTS, Answer, Wire, ask, log_event, request
from tests.whole.shell import create_token, found, revoke_token
from tests.whole.verify import verify


def test_tokens_made_and_revoked_under_load_disturb_nothing(tmp_path: Path) -> None:
    load = Load(3, [create_token(tmp_path)])
    made: list[str] = []
    over = Event()

    def operate() -> None:
        while not over.is_set():
            made.append(create_token(tmp_path, f"project-{len(made) % 20}"))
            revoke_token(tmp_path, create_token(tmp_path))

    operator = Thread(target=operate)
    with serving(tmp_path, "--access-log", "off") as server:
        operator.start()
        load.run(server, connections=16, steps=3_000, then=server.kill)
        over.set()
        operator.join()
        assert not load.strange
    verify(tmp_path, load.parcels)
    assert made
    with serving(tmp_path) as server:
        assert {ask(server, request(EVENTS, secret, log_event("new"))).status for secret in made} == {201}


def test_events_wait_for_a_short_transaction_of_the_shell(tmp_path: Path) -> None:
    token = create_token(tmp_path)
    with serving(tmp_path) as server, Wire(server) as wire:
        with transaction(tmp_path):
            wire.send(request(EVENTS, token, log_event("waited")))
            assert ask(server, b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n").status == 200
            assert found(tmp_path) == []
        assert wire.answer().status == 201
    assert len(found(tmp_path, "waited")) == 1


def test_a_store_that_somebody_keeps_locked_is_said_to_be_busy(tmp_path: Path) -> None:
    token = create_token(tmp_path)
    with serving(tmp_path) as server:
        with transaction(tmp_path):
            answer = ask(server, request(EVENTS, token, log_event("refused")))
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert ask(server, request(EVENTS, token, log_event("taken"))).status == 201
        assert server.stop() == 0
    assert [event.message for event in found(tmp_path)] == ["taken"]


@pytest.mark.parametrize("senders", [1, 40])
def test_whoever_waits_when_the_lock_is_let_go_is_answered(senders: int, tmp_path: Path) -> None:
    token = create_token(tmp_path)
    answers: list[Answer] = []

    def send(number: int) -> None:
        answers.append(ask(server, request(EVENTS, token, log_event(f"sender {number}"))))

    with serving(tmp_path) as server:
        threads = [Thread(target=send, args=(number,)) for number in range(senders)]
        with transaction(tmp_path):
            for thread in threads:
                thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    assert [answer.status for answer in answers] == [201] * senders
    assert len(found(tmp_path)) == senders
