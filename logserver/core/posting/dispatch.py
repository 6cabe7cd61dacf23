"""Sends what is in the outbox: one attempt at a time to a webhook, many webhooks at once.

A webhook whose last attempt failed may hold one of half of the places only, so however many targets are dead,
there is room for those that are not; and whoever was served longest ago is served first.
"""

import asyncio
import logging
import ssl
from functools import partial

from logserver import __version__
from logserver.core.clock import Clock
from logserver.core.posting import messages, post, targets
from logserver.core.posting.mail import Mailer, Smtp
from logserver.core.posting.outbound import Outbound, Patience, Resolve
from logserver.core.posting.post import Delivery, Outcome
from logserver.store.database import Database
from logserver.store.traces import trace

logger = logging.getLogger("logserver.dispatch")

EXPIRED_MS = 2 * 86_400_000
"""A message that could not be sent for so long, because others were before it or its webhook was off, is given up."""

MOST_IN_FLIGHT = 500
"""Attempts under way at a time: that many targets may hang at once before one more has to wait for another."""

_FAILURES_A_TURN = 20
_REST_SECONDS = 30.0


class Dispatcher:
    """Delivers from the outbox of a store; one_pass must run about once a second."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        allow_private: bool,
        smtp: Smtp | None = None,
        most: int = MOST_IN_FLIGHT,
        patience: Patience | None = None,
        resolve: Resolve | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._most = most
        self._patience = patience or Patience()
        self._outbound = Outbound(allow_private=allow_private, patience=self._patience, resolve=resolve, trust=trust)
        self._mailer = Mailer(smtp) if smtp is not None else None
        self.attempts = {"delivered": 0, "failed": 0}
        """How deliveries went since the server began, every attempt counted."""
        self._running: dict[int, asyncio.Task[None]] = {}
        self._failing: set[int] = set()
        self._served: dict[int, int] = {}
        self._resting: dict[int, float] = {}
        self._turn = 0
        self._crowded = False
        self._crowded_by_failing = False
        self._closing = False

    async def one_pass(self, now_ms: int) -> bool:
        """Begin to send to every webhook that something is due for, as far as there is room; waits for none."""
        waiting = dict(await self._database.look_up(post.waiting))
        if self._closing:
            return False
        known = waiting.keys() | self._running.keys()
        self._failing &= known
        self._served = {webhook: turn for webhook, turn in self._served.items() if webhook in known}
        now = self._clock.monotonic()
        self._resting = {webhook: end for webhook, end in self._resting.items() if end > now}
        ready = [
            webhook
            for webhook, due in waiting.items()
            if due <= now_ms and webhook not in self._running and webhook not in self._resting
        ]
        self._crowded = self._crowded_by_failing = False
        for webhook in sorted(ready, key=lambda webhook: (self._served.get(webhook, 0), waiting[webhook])):
            if self._has_room(webhook):
                self._turn += 1
                self._served[webhook] = self._turn
                task = asyncio.create_task(self._serve(webhook))
                self._running[webhook] = task
                task.add_done_callback(partial(self._ended, webhook))
            elif len(self._running) >= self._most:
                self._crowded = True
            else:
                self._crowded_by_failing = True
        return False

    async def settled(self) -> None:
        """Wait until nothing is being sent."""
        while self._running:
            await asyncio.wait(self._running.values())

    async def close(self) -> None:
        """Let what is being sent end, for two seconds or as told; what is cut off then is still due."""
        self._closing = True
        tasks = list(self._running.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._patience.closing)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, webhook: int, _task: "asyncio.Task[None]") -> None:
        del self._running[webhook]

    def _has_room(self, webhook: int) -> bool:
        if len(self._running) >= self._most:
            return False
        failing = sum(1 for each in self._running if each in self._failing)
        return webhook not in self._failing or failing < max(1, self._most // 2)

    async def _serve(self, webhook: int) -> None:
        """Send what is due for a webhook, until there is no more, it fails too often, or others wait for room."""
        failures = 0
        try:
            while not self._closing and failures < _FAILURES_A_TURN:
                begun = self._clock.now_ms()
                delivery = await self._database.look_up(post.next_due, webhook, begun)
                if delivery is None:
                    return
                outcome = await self._attempt(delivery, begun)
                self.attempts["delivered" if outcome.error is None else "failed"] += 1
                # Where this cannot be committed the delivery is still due, and goes out again under the same id.
                await self._database.write(post.record, delivery, outcome, begun, self._clock.now_ms())
                if outcome.error is None:
                    self._failing.discard(webhook)
                else:
                    self._failing.add(webhook)
                    failures += 1
                if self._crowded or (self._crowded_by_failing and webhook in self._failing):
                    return
        except Exception as error:  # noqa: BLE001 - logged, without its words, and tried again
            logger.error("the outcome of a delivery could not be recorded; it will be sent again\n%s", trace(error))  # noqa: TRY400 - its words stay out
            self._resting[webhook] = self._clock.monotonic() + _REST_SECONDS

    async def _attempt(self, delivery: Delivery, now_ms: int) -> Outcome:
        if now_ms - delivery.created_at > EXPIRED_MS:
            return Outcome(error="given up: it could not be sent for two days", final=True)
        try:
            target = targets.read(delivery.url)
            form = messages.shape(target)
            if form == "mail":
                if self._mailer is None:
                    return Outcome(error="there is no SMTP server")
                return await self._mailer.send(target.path, delivery, now_ms)
            body = messages.payload(form, delivery.body)
            return await self._outbound.post(target, _headers(delivery, body, now_ms // 1_000), body, now_ms)
        except Exception as error:  # noqa: BLE001 - logged, without its words, and tried again
            logger.error("an attempt to deliver %s failed in an unknown way\n%s", delivery.message, trace(error))  # noqa: TRY400 - its words stay out
            return Outcome(error=type(error).__name__)


def _headers(delivery: Delivery, body: bytes, seconds: int) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": f"logserver/{__version__}",
        "webhook-id": delivery.message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": messages.signature(delivery.secret, delivery.message, seconds, body),
    }
