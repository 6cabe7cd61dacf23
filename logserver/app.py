"""The roof: contracts, jobs and documents under one ASGI application with one lifespan."""

import gc
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from logserver import __version__
from logserver.api import cors, documents, health
from logserver.api.access import AccessLog
from logserver.api.endpoint import Endpoint, distinct
from logserver.api.gate import Gate, Rates
from logserver.api.hot import Hot, Reply
from logserver.api.lane import Lane
from logserver.api.resources import Resources
from logserver.contracts.logister import refusals as logister_refusals
from logserver.contracts.logister import routes as logister
from logserver.core import monitors, retention, status
from logserver.core.clock import Clock, SystemClock
from logserver.core.credentials import Credentials
from logserver.core.disk import DiskWatch
from logserver.core.faults import NotFound
from logserver.core.intake import Intake
from logserver.core.jobs import Job, Jobs, in_transaction
from logserver.core.observer import Observer, Remote
from logserver.settings import Settings
from logserver.store.database import Database

logger = logging.getLogger("logserver")

TITLE = "logserver"
_GC_THRESHOLD = (20_000, 10, 10)
"""A group of requests allocates thousands of objects that die with it; looking for cycles among them is waste."""
DESCRIPTION = (
    "One log server for the clients of several products. Authorize with a token of"
    " `logserver token create`; a project token works everywhere. This document as"
    " [YAML](openapi.yaml), as [JSON](openapi.json), and as a [Postman collection](postman.json)."
)


class Application:
    """A server's ASGI application; nothing is opened before its lifespan begins."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.started_ms = 0
        self.database = Database(
            settings.data,
            now_ms=self.clock.now_ms,
            monotonic=self.clock.monotonic,
            durability=settings.durability,
            readers=settings.readers,
            read_seconds=settings.read_seconds,
            queue_rows=settings.queue_rows,
            queue_bytes=settings.queue_megabytes * 1_000_000,
        )
        self.credentials = Credentials(self.database, self.clock)
        intake = Intake(self.database, self.clock)
        self.observer = Observer(
            self.database, self.clock, intake, remote=_remote(settings), enabled=settings.self_observability
        )
        self.gate = Gate(self.credentials, self.clock, _rates(settings), settings.networks())
        resources = Resources(
            clock=self.clock,
            database=self.database,
            intake=intake,
            gate=self.gate,
            observer=self.observer,
            environment=settings.environment,
            body_seconds=settings.body_seconds,
        )
        self.endpoints = endpoints(resources)
        self.jobs = Jobs(self._jobs(), self.clock)
        self._hot = {
            endpoint.path: endpoint.handler
            for endpoint in self.endpoints
            if endpoint.method == "POST" and isinstance(endpoint.handler, Hot)
        }
        self._router = Starlette(
            routes=[
                *(endpoint.route() for endpoint in self.endpoints),
                *documents.routes(self.endpoints, title=TITLE, version=__version__, description=DESCRIPTION),
            ],
            exception_handlers={HTTPException: _unmatched},
            lifespan=self._lifespan,
        )
        # A redirect would make some clients send a POST again as a GET.
        self._router.router.redirect_slashes = False
        self._app: ASGIApp = self._route
        log = None
        if settings.access_log != "off":
            log = AccessLog(
                self._route,
                address=self.gate.address,
                monotonic=self.clock.monotonic,
                json=settings.access_log == "json",
            )
            self._app = log
        self.lane = Lane(
            {path.encode(): hot for path, hot in self._hot.items()},
            head_seconds=settings.body_seconds,
            logged=log.answered if log else None,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan."""
        await self._app(scope, receive, send)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        # What is sent thousands of times a second does not wait for the router to look through its list.
        if scope["type"] == "http":
            hot = self._hot.get(scope["path"]) or self._hot.get(_plain_path(scope["path"]))
            if hot is not None and scope["method"] == "POST":
                await hot(scope, receive, send)
                return
            if hot is not None and cors.is_preflight(scope):
                await cors.allow(send)
                return
        await self._router(scope, receive, send)

    def _jobs(self) -> list[Job]:
        database = self.database
        return [
            Job("credentials", 0.5, self._watch_credentials),
            Job("monitors", 5, in_transaction(database, monitors.miss_overdue)),
            Job("retention", 60, in_transaction(database, retention.expire)),
            Job("tidy", 60, in_transaction(database, retention.tidy)),
            Job("limits", 60, self._prune_limits),
            Job("token uses", 30, self._flush_uses),
            Job("observer", 2, self.observer.flush),
            Job("disk", 5, DiskWatch(database, self.settings.min_free_megabytes * 1_000_000).look),
            Job("status", 2, self._report),
        ]

    async def _watch_credentials(self, _now_ms: int) -> bool:
        await self.credentials.watch()
        return False

    async def _flush_uses(self, _now_ms: int) -> bool:
        await self.credentials.flush_uses()
        return False

    async def _prune_limits(self, _now_ms: int) -> bool:
        self.gate.windows.prune()
        self.gate.failures.prune()
        return False

    async def _report(self, now_ms: int) -> bool:
        commits, seconds = self.database.commits()
        median, p99 = status.percentiles([second * 1000 for second in seconds])
        last = self.database.checkpointed
        report = status.Report(
            pid=os.getpid(),
            version=__version__,
            started_at=self.started_ms,
            at=now_ms,
            queued_rows=self.database.queued_rows,
            queued_bytes=self.database.queued_bytes,
            refusing=self.database.refusing,
            commits=commits,
            commit_ms_median=median,
            commit_ms_p99=p99,
            checkpoint_age_seconds=self.clock.monotonic() - last.at if last is not None else None,
            log_pages=last.log if last is not None else None,
            jobs=self.jobs.records,
        )
        status.write(self.database.folder, report)
        return False

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self.started_ms = self.clock.now_ms()
        await self.database.open()
        if self.settings.self_endpoint:
            logger.info("refused submissions are reported to %s", self.settings.self_endpoint)
        try:
            self.jobs.start()
            # What lives as long as the process need not be looked at by every collection.
            gc.collect()
            gc.freeze()
            gc.set_threshold(*_GC_THRESHOLD)
            yield
            await self.jobs.stop()
            for last in (self.observer.flush, self._flush_uses):
                try:
                    await last(self.clock.now_ms())
                except Exception:
                    logger.warning("a last pass before the end failed", exc_info=True)
        finally:
            status.remove(self.database.folder)
            await self.database.close()


def endpoints(resources: Resources) -> list[Endpoint]:
    """Every endpoint of every contract."""
    return distinct([*logister.endpoints(resources), *health.endpoints(resources)])


def _plain_path(path: str) -> str:
    """A path as it is declared, from one that a client joined with slashes too many or a format behind it."""
    return "/" + path.strip("/").removesuffix(".json")


def _remote(settings: Settings) -> Remote | None:
    if settings.self_endpoint and settings.self_api_key:
        return Remote(settings.self_endpoint, settings.self_api_key)
    return None


def _rates(settings: Settings) -> Rates:
    return Rates(
        settings.public_api_rate_limit_requests,
        settings.public_api_rate_limit_period_seconds,
        settings.public_api_auth_failure_rate_limit_requests,
    )


async def _unmatched(request: Request, error: Exception) -> Response:
    """The answer for a path or method that no route has, in the dialect of the prefix it came nearest to."""
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for no other
    status_code, payload = _DIALECTS[0][1](NotFound(error.detail))
    for prefixes, refuse in _DIALECTS:
        if request.url.path.startswith(prefixes):
            status_code, payload = refuse(NotFound(error.detail))
    return Response(
        msgspec.json.encode(payload),
        error.status_code or status_code,
        headers=error.headers,
        media_type="application/json",
    )


_DIALECTS: list[tuple[tuple[str, ...], Callable[[Exception], Reply]]] = [
    (logister.PREFIXES, logister_refusals.refuse),
]
