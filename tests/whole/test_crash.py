"""Killed at random moments under load, again and again on one store: what was answered is there, and all agrees."""

import os
import random
from pathlib import Path

from tests.whole.load import Load
from tests.whole.process import serving
from tests.whole.shell import create_token
from tests.whole.verify import verify

ROUNDS = int(os.environ.get("LOGSERVER_CRASH_ROUNDS", "8"))
SEED = int(os.environ.get("LOGSERVER_CRASH_SEED", "0")) or random.SystemRandom().getrandbits(32)
CONNECTIONS = 32
MOST_STEPS = 2_000
"""Requests and answers of a round, at most: well under two seconds of load."""


def test_what_was_answered_survives_every_crash(tmp_path: Path) -> None:
    print(f"LOGSERVER_CRASH_SEED={SEED}")
    load = Load(SEED, [create_token(tmp_path, "app"), create_token(tmp_path, "shop")])
    stored = 0
    for number in range(ROUNDS):
        with serving(tmp_path, "--access-log", "off") as server:
            if number % 2:
                load.settle(server)
            load.run(server, connections=CONNECTIONS, steps=load.random.randint(1, MOST_STEPS), then=server.kill)
            assert not load.strange
            assert "ERROR" not in server.log()
        now_stored = verify(tmp_path, load.parcels)
        assert now_stored >= stored
        stored = now_stored

    with serving(tmp_path) as server:
        load.settle(server)
        assert server.stop() == 0
    assert all(parcel.events[0].answers for parcel in load.parcels if parcel.repeatable)
    assert verify(tmp_path, load.parcels) >= stored
    print(f"{stored} events after {ROUNDS} crashes")
