import asyncio
import json
import logging
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier

from logserver.core.clock import SystemClock
from logserver.core.posting import post, webhooks
from logserver.core.posting.webhooks import Webhook
from logserver.store.database import Database
from tests.core.posting.posting import BRIEF, Outbox, arrived, outbox
from tests.fakes import START_MS, FakeClock
from tests.receiver import Receiver, answer, hang, says

DAY = 86_400_000


class Forgetful(Database):
    """A store whose writes fail for as long as it is told so, as on a full disk."""

    failing = False

    def write(  # type: ignore[override] # passes on whatever the real one takes
        self, *arguments: Any, **values: Any
    ) -> "asyncio.Future[Any]":
        if self.failing:
            raise OSError("the disk is full")
        return super().write(*arguments, **values)


def test_a_message_arrives_signed_as_the_convention_says(tmp_path: Path) -> None:
    async def run(receiver: Receiver) -> None:
        async with outbox(tmp_path, FakeClock(SystemClock().now_ms())) as box:
            webhook = await box.hook(receiver.url)
            assert await box.alert() == 1
            await box.sends(box.dispatcher())
            (request,) = receiver.requests
            assert (request.method, request.path) == ("POST", "/hook")
            assert request.headers["content-type"] == "application/json"
            assert request.headers["user-agent"].startswith("logserver/")
            assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
            told = Verifier(box.secrets[webhook.id]).verify(request.body, request.headers)
            assert (told["type"], told["data"]["rule_name"]) == ("alert.triggered", "auth_brute_force")
            (attempt,) = await box.attempts(webhook)
            assert (attempt.status, attempt.error, attempt.next_at) == (200, None, None)
            assert (attempt.message, attempt.type) == (request.headers["webhook-id"], "alert.triggered")
            await box.sends(box.dispatcher())
            assert len(receiver.requests) == 1

    with Receiver() as receiver:
        asyncio.run(run(receiver))


def test_a_failure_is_tried_again_within_five_seconds_under_the_same_id(tmp_path: Path) -> None:
    async def run(receiver: Receiver) -> None:
        async with outbox(tmp_path) as box:
            webhook = await box.hook(receiver.url)
            await box.alert()
            dispatcher = box.dispatcher()
            await box.sends(dispatcher)
            (failed,) = await box.attempts(webhook)
            assert (failed.status, failed.error, failed.at) == (500, "answered with 500", START_MS)
            assert failed.next_at is not None
            assert START_MS < failed.next_at < START_MS + 4_000
            await box.sends(dispatcher)
            assert len(receiver.requests) == 1
            box.clock.turn(4)
            await box.sends(dispatcher)
            first, second = receiver.requests
            assert first.headers["webhook-id"] == second.headers["webhook-id"]
            assert first.body == second.body
            assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 4
            assert [each.status for each in await box.attempts(webhook)] == [200, 500]

    with Receiver(answer(500), answer(200)) as receiver:
        asyncio.run(run(receiver))


def test_the_pauses_grow_over_a_day_and_then_it_is_given_up(tmp_path: Path) -> None:
    async def run(receiver: Receiver) -> None:
        async with outbox(tmp_path) as box:
            webhook = await box.hook(receiver.url)
            await box.alert()
            await box.sends_all_day(box.dispatcher())
            attempts = (await box.attempts(webhook))[::-1]
            pauses = [after.at - before.at for before, after in pairwise(attempts)]
            assert pauses == sorted(pauses)
            for pause, planned in zip(pauses, post.PAUSES, strict=True):
                assert planned * 1_000 <= pause <= planned * 1_100
            assert [each.next_at for each in attempts] == [*[each.at for each in attempts[1:]], None]
            assert DAY <= attempts[-1].at - START_MS <= 1.2 * DAY
            assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
            assert len(receiver.requests) == len(attempts) == 9

    with Receiver(answer(503)) as receiver:
        asyncio.run(run(receiver))


@pytest.mark.parametrize(
    ("status", "retry_after", "least", "most"),
    [
        (429, "120", 120, 132),
        (503, "7.5", 7.5, 8.3),
        (503, "Mon, 21 Sep 2026 14:15:30 GMT", 119.75, 132),
        (429, "1", 3, 3.3),
        (429, "999999999", 21_600, 23_760),
        (429, "soon", 3, 3.3),
        (500, "120", 3, 3.3),
    ],
)
def test_a_target_may_ask_for_a_longer_pause_within_bounds(
    tmp_path: Path, status: int, retry_after: str, least: float, most: float
) -> None:
    async def run(receiver: Receiver) -> None:
        async with outbox(tmp_path) as box:
            webhook = await box.hook(receiver.url)
            await box.alert()
            await box.sends(box.dispatcher())
            (attempt,) = await box.attempts(webhook)
            assert attempt.next_at is not None
            assert least * 1_000 <= attempt.next_at - START_MS <= most * 1_000

    with Receiver(answer(status, retry_after=retry_after)) as receiver:
        asyncio.run(run(receiver))


def test_a_target_that_is_gone_is_left_alone(tmp_path: Path) -> None:
    async def run(receiver: Receiver) -> None:
        async with outbox(tmp_path) as box:
            webhook = await box.hook(receiver.url)
            await box.alert()
            dispatcher = box.dispatcher()
            await box.sends(dispatcher)
            assert not (await box.read(webhook)).enabled
            assert await box.alert() == 0
            (attempt,) = await box.attempts(webhook)
            assert (attempt.status, attempt.next_at) == (410, None)
            await box.sends_all_day(dispatcher)
            assert len(receiver.requests) == 1

    with Receiver(answer(410)) as receiver:
        asyncio.run(run(receiver))


def test_a_dead_target_delays_no_other(tmp_path: Path) -> None:
    async def run(dead: Receiver, living: Receiver) -> None:
        async with outbox(tmp_path) as box:
            hangs, lives = await box.hook(dead.url), await box.hook(living.url)
            dispatcher = box.dispatcher(patience=BRIEF)
            await box.alert()
            await dispatcher.one_pass(box.clock.now_ms())
            await arrived(dead, 1)
            for n in range(1, 4):
                await arrived(living, n)
                await _delivered(box, lives, n)
                await box.alert(severity="low", n=n)
                await dispatcher.one_pass(box.clock.now_ms())
            await arrived(living, 4)
            await dispatcher.close()
            assert {each.error for each in await box.attempts(lives)} == {None}
            assert [(each.status, each.next_at) for each in await box.attempts(hangs)] == [(None, START_MS)] * 4
            assert len(dead.requests) == 1

    with Receiver(hang) as dead, Receiver() as living:
        asyncio.run(run(dead, living))


async def _delivered(box: Outbox, webhook: Webhook, count: int) -> None:
    """Wait until so many messages are recorded as taken, while others are under way."""
    async with asyncio.timeout(60):
        while len([each for each in await box.attempts(webhook) if each.status]) < count:
            pass


def test_many_dead_targets_leave_room_for_those_that_live(tmp_path: Path) -> None:
    async def run(dead: Receiver, living: Receiver) -> None:
        async with outbox(tmp_path) as box:
            for _ in range(8):
                await box.hook(dead.url)
            dispatcher = box.dispatcher(most=4, patience=BRIEF)
            await box.alert()
            for _ in range(2):  # now all eight are known to fail
                await box.sends(dispatcher)
            lives = await box.hook(living.url)
            await box.alert()
            box.clock.turn(3_600)
            begun = len(dead.requests)
            await dispatcher.one_pass(box.clock.now_ms())
            await arrived(living, 1)
            await _delivered(box, lives, 1)
            await arrived(dead, begun + 2)
            assert len(dead.requests) == begun + 2
            await dispatcher.close()

    with Receiver(*[says(b"")] * 8, hang) as dead, Receiver() as living:
        asyncio.run(run(dead, living))


def test_whoever_was_served_longest_ago_is_served_first(tmp_path: Path) -> None:
    async def run(receivers: list[Receiver]) -> None:
        async with outbox(tmp_path) as box:
            for receiver in receivers:
                await box.hook(receiver.url)
            for _ in range(3):
                await box.alert()
                box.clock.turn(1)
            dispatcher = box.dispatcher(most=1)
            counts = []
            for _ in range(9):
                await box.sends(dispatcher)
                counts.append([len(receiver.requests) for receiver in receivers])
            assert counts[2] == [1, 1, 1]
            assert counts[5] == [2, 2, 2]
            assert counts[8] == [3, 3, 3]

    with Receiver() as one, Receiver() as two, Receiver() as three:
        asyncio.run(run([one, two, three]))


def test_messages_to_a_webhook_go_out_one_after_another_in_the_order_they_are_due(tmp_path: Path) -> None:
    async def run(receiver: Receiver) -> None:
        async with outbox(tmp_path) as box:
            await box.hook(receiver.url)
            for n in range(30):
                await box.alert(n=n)
                box.clock.turn(0.001)
            dispatcher = box.dispatcher()
            await asyncio.gather(*(dispatcher.one_pass(box.clock.now_ms()) for _ in range(3)))
            await dispatcher.settled()
            assert [json.loads(request.body)["data"]["n"] for request in receiver.requests] == list(range(30))

    with Receiver() as receiver:
        asyncio.run(run(receiver))


def test_what_was_sent_and_not_recorded_is_sent_again_under_the_same_id(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run(receiver: Receiver) -> None:
        async with outbox(tmp_path, kind=Forgetful) as box:
            assert isinstance(box.database, Forgetful)
            webhook = await box.hook(receiver.url)
            await box.alert()
            dispatcher = box.dispatcher()
            box.database.failing = True
            for _ in range(3):  # it rests, and does not send again and again
                await box.sends(dispatcher)
            assert len(receiver.requests) == 1
            box.database.failing = False
            await box.sends(box.dispatcher())
            first, second = receiver.requests
            assert first.headers["webhook-id"] == second.headers["webhook-id"]
            assert [each.status for each in await box.attempts(webhook)] == [200]
            box.clock.turn(31)
            await box.sends(dispatcher)
            assert len(receiver.requests) == 2

    with Receiver() as receiver, caplog.at_level(logging.CRITICAL, "logserver.dispatch"):
        asyncio.run(run(receiver))


def test_what_is_cut_off_at_the_end_is_still_due(tmp_path: Path) -> None:
    async def run(receiver: Receiver) -> None:
        async with outbox(tmp_path) as box:
            webhook = await box.hook(receiver.url)
            await box.alert()
            dispatcher = box.dispatcher(patience=BRIEF)
            await dispatcher.one_pass(box.clock.now_ms())
            await arrived(receiver, 1)
            await dispatcher.close()
            await box.sends(dispatcher)
            (attempt,) = await box.attempts(webhook)
            assert (attempt.status, attempt.error, attempt.next_at) == (None, None, START_MS)
            await box.sends(box.dispatcher())
            assert [each.status for each in await box.attempts(webhook)] == [200]
            assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1

    with Receiver(hang, answer(200)) as receiver:
        asyncio.run(run(receiver))


def test_a_webhook_that_is_off_gets_nothing_until_it_is_on_again(tmp_path: Path) -> None:
    async def run(receiver: Receiver) -> None:
        async with outbox(tmp_path) as box:
            webhook = await box.hook(receiver.url)

            async def turn(*, enabled: bool) -> None:
                change = partial(webhooks.change, enabled=enabled, allow_private=True, mail=True)
                await box.database.write(change, box.project.number, webhook.id)

            await box.alert(n=1)
            await turn(enabled=False)
            assert await box.alert(n=2) == 0
            dispatcher = box.dispatcher()
            await box.sends(dispatcher)
            assert not receiver.requests
            await turn(enabled=True)
            await box.sends(dispatcher)
            assert [json.loads(request.body)["data"]["n"] for request in receiver.requests] == [1]

    with Receiver() as receiver:
        asyncio.run(run(receiver))


def test_what_waited_too_long_is_given_up_unsent(tmp_path: Path) -> None:
    async def run(receiver: Receiver) -> None:
        async with outbox(tmp_path) as box:
            webhook = await box.hook(receiver.url)
            await box.alert()
            box.clock.turn(2 * 86_400 + 1)
            await box.sends(box.dispatcher())
            (attempt,) = await box.attempts(webhook)
            assert (attempt.error, attempt.next_at) == ("given up: it could not be sent for two days", None)
            assert not receiver.requests

    with Receiver() as receiver:
        asyncio.run(run(receiver))


def test_a_webhook_deleted_while_it_is_told_leaves_nothing(tmp_path: Path) -> None:
    async def run(receiver: Receiver) -> None:
        async with outbox(tmp_path) as box:
            webhook = await box.hook(receiver.url)
            await box.alert()
            dispatcher = box.dispatcher()
            await dispatcher.one_pass(box.clock.now_ms())
            await arrived(receiver, 1)
            await box.database.write(webhooks.delete, box.project.number, webhook.id)
            receiver.over.set()
            await dispatcher.settled()
            for table in ("webhooks", "deliveries", "delivery_attempts"):
                counted = await box.database.read(lambda tx, name: tx.execute(f"SELECT count(*) FROM {name}"), table)
                assert counted.fetchone() == (0,)

    with Receiver(hang) as receiver:
        asyncio.run(run(receiver))


def test_a_target_that_fails_at_once_is_not_hammered(tmp_path: Path) -> None:
    async def run(receiver: Receiver) -> None:
        async with outbox(tmp_path) as box:
            await box.hook(receiver.url)
            for _ in range(30):
                await box.alert()
            await box.sends(box.dispatcher())
            assert len(receiver.requests) == 20

    with Receiver(says(b"")) as receiver:
        asyncio.run(run(receiver))


def test_an_attempt_that_fails_in_an_unknown_way_is_a_failure_like_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(_host: str) -> list[str]:
        raise RuntimeError("nobody thought of this")

    async def run() -> None:
        async with outbox(tmp_path) as box:
            webhook = await box.hook("http://hook.test/token")
            await box.alert()
            await box.sends(box.dispatcher(resolve=breaks))
            (attempt,) = await box.attempts(webhook)
            assert (attempt.status, attempt.error) == (None, "RuntimeError")
            assert attempt.next_at is not None

    with caplog.at_level(logging.ERROR, "logserver.dispatch"):
        asyncio.run(run())
    assert "http://hook.test/token" not in caplog.text
