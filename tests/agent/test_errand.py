import asyncio
import logging

import pytest

from logserver.agent.client import Address, Away, Client, Denied
from logserver.agent.errand import Errand
from tests.agent.edge import KEY
from tests.fakes import FakeClock


class Attempt:
    """Goes wrong as it is told to, and then well."""

    def __init__(self, *errors: Exception) -> None:
        self.tried = asyncio.Event()
        self._errors = list(errors)

    async def __call__(self) -> str:
        self.tried.set()
        if self._errors:
            raise self._errors.pop(0)
        return "done"


async def begun(attempt: Attempt) -> tuple[Errand, "asyncio.Task[str]"]:
    """An errand after its first attempt."""
    errand = Errand(Client(Address.of("http://127.0.0.1:1"), KEY, FakeClock()), "do it")
    task = asyncio.create_task(errand.until_done(attempt))
    await attempt.tried.wait()
    return errand, task


def test_it_is_tried_until_it_is_done_and_what_is_wrong_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> str:
        errand, task = await begun(Attempt(Away("it answers 500"), Away("it answers 500"), Away("it answers 502")))
        done = await task
        assert errand.welcome
        return done

    with caplog.at_level(logging.WARNING, "logserver.agent"):
        assert asyncio.run(run()) == "done"
    assert caplog.messages == ["cannot do it: it answers 500", "cannot do it: it answers 502"]


@pytest.mark.parametrize(
    ("error", "welcome"),
    [(Away("it answers 429", 60), True), (Away("it answers 500"), False), (Denied("403: no"), False)],
)
def test_a_server_that_names_no_time_takes_nothing(error: Exception, *, welcome: bool) -> None:
    async def run() -> bool:
        errand, task = await begun(Attempt(error))
        task.cancel()
        return errand.welcome

    assert asyncio.run(run()) is welcome
