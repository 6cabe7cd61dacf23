"""How passwords are hashed: argon2id at a bounded cost, a few at a time, the same work for whoever it is."""

import asyncio

import pytest

from logserver.core.people import passwords
from logserver.core.people.passwords import Argon2, Cost, Passwords
from logserver.store.errors import StoreBusy
from tests.fakes import CountingHashing
from tests.serving import CHEAP


def test_a_password_is_known_again_and_no_other() -> None:
    hashing = Argon2(CHEAP)
    encoded, again = hashing.hash("nine lives"), hashing.hash("nine lives")
    assert encoded.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert encoded != again
    assert hashing.verify(encoded, "nine lives")
    assert not hashing.verify(encoded, "ten lives")
    assert not hashing.verify("what is this", "nine lives")
    assert not hashing.verify(encoded[:-2], "nine lives")


def test_the_usual_cost_is_what_owasp_asks_for_and_bounded() -> None:
    encoded = Argon2().nobodys()
    assert encoded.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert Cost().memory_kib * passwords.AT_ONCE <= 64 * 1024


def test_a_hash_of_another_cost_is_made_anew() -> None:
    hashing = Argon2(CHEAP)
    encoded = hashing.hash("nine lives")
    assert not hashing.outdated(encoded)
    dearer = Argon2(CHEAP._replace(passes=2))
    assert dearer.outdated(encoded)
    assert dearer.verify(encoded, "nine lives")


def test_what_is_nobodys_looks_like_any_other() -> None:
    hashing = Argon2(CHEAP)
    nobodys = hashing.nobodys()
    assert not hashing.outdated(nobodys)
    assert len(nobodys) == len(hashing.hash("nine lives"))
    assert not hashing.verify(nobodys, "")
    assert nobodys != hashing.nobodys()


def test_where_there_is_no_hash_the_work_is_the_same() -> None:
    async def run(hashing: CountingHashing) -> list[bool]:
        doors = Passwords(hashing)
        encoded = await doors.hashed("nine lives")
        asked: list[tuple[str | None, str]] = [
            (encoded, "nine lives"),
            (encoded, "no"),
            (None, "nine lives"),
            (None, "\0"),
        ]
        answers = []
        for held, password in asked:
            before = len(hashing.verified)
            answers.append(await doors.right(held, password))
            assert len(hashing.verified) - before == 1
        return answers

    assert asyncio.run(run(CountingHashing())) == [True, False, False, False]


@pytest.mark.parametrize("at_once", [1, 3])
def test_only_so_many_are_worked_out_at_a_time(at_once: int) -> None:
    async def run(hashing: CountingHashing) -> list[bool]:
        doors = Passwords(hashing, at_once=at_once)
        return await asyncio.gather(*(doors.right("counted:x", "x") for _ in range(50)))

    hashing = CountingHashing()
    assert all(asyncio.run(run(hashing)))
    assert len(hashing.verified) == 50
    assert 1 <= hashing.most <= at_once


def test_whoever_comes_when_too_many_wait_is_told_to_come_back() -> None:
    async def run(hashing: CountingHashing) -> list[bool | StoreBusy]:
        doors = Passwords(hashing, at_once=1, waiting=3)

        async def asked() -> bool | StoreBusy:
            try:
                return await doors.right("counted:x", "x")
            except StoreBusy as busy:
                return busy

        with hashing.gate:
            crowd = [asyncio.ensure_future(asked()) for _ in range(5)]
            done, _ = await asyncio.wait(crowd[3:])
            assert len(done) == 2
        answers = await asyncio.gather(*crowd)
        assert await asked() is True
        return answers

    answers = asyncio.run(run(CountingHashing()))
    assert answers[:3] == [True] * 3
    assert [answer.retry_after for answer in answers[3:] if isinstance(answer, StoreBusy)] == [5, 5]
