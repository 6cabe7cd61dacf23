"""The roof: contracts, jobs and documents under one ASGI application with one lifespan."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from logserver import __version__, parts
from logserver.api import documents, health
from logserver.api.certificates import Certificate
from logserver.api.endpoint import distinct
from logserver.api.everywhere import Everywhere, Headed
from logserver.api.gate import Gate
from logserver.api.hot import Hot
from logserver.api.inside import routes as inside
from logserver.api.inside.figures import Figures
from logserver.api.inside.traffic import Traffic
from logserver.api.lane import Lane
from logserver.api.resources import Resources
from logserver.api.sockets import OpenSockets
from logserver.api.watch import Watch
from logserver.contracts.logfleet import routes as logfleet
from logserver.contracts.logister import routes as logister
from logserver.contracts.logister.reads import routes as reads
from logserver.contracts.logstitch import routes as logstitch
from logserver.contracts.logstitch import signing
from logserver.contracts.logstitch.chain import Chain, has_heads
from logserver.contracts.logstitch.heads import Keeper
from logserver.contracts.logstitch.streams import Streams
from logserver.contracts.logstitch.trail import Trail
from logserver.contracts.luminalog import routes as luminalog
from logserver.core import status
from logserver.core.alerting.alert_engine import Engine
from logserver.core.clock import Clock, SystemClock
from logserver.core.credentials import Credentials
from logserver.core.fleet.presence import Presence
from logserver.core.intake import Intake
from logserver.core.live.live import Hub
from logserver.core.live.live_rounds import Rounds
from logserver.core.live.tails import Tails
from logserver.core.observer import Observer
from logserver.core.people.letters import Letters
from logserver.core.people.passwords import Passwords
from logserver.core.people.people import People
from logserver.core.posting.dispatch import Dispatcher
from logserver.core.redaction.engine import Policies
from logserver.dialects import Unmatched
from logserver.routing import Routing
from logserver.schedule import Schedule
from logserver.settings import Settings
from logserver.store import keys
from logserver.store.traces import trace
from logserver.transfer.arriving import Arrivals
from logserver.transfer.inlet import Inlet
from logserver.web import routes as web

logger = logging.getLogger("logserver")

TITLE = "logserver"
_FAREWELL_SECONDS = 1.5
"""How long open WebSockets have to take their last message when the server stops."""
DESCRIPTION = (
    "One log server for the clients of several products. Authorize with a token of"
    " `logserver token create`, or of a person who has signed in (`POST /api/v1/auth/login`). This document as"
    " [YAML](openapi.yaml), as [JSON](openapi.json), and as a [Postman collection](postman.json)."
)


class Application:
    """A server's ASGI application; nothing is opened before its lifespan begins."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        passwords: Passwords | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.database = parts.database(settings, self.clock)
        self.credentials = Credentials(self.database, self.clock, settings.admins())
        self.policies = Policies()
        intake = Intake(self.database, self.clock, self.policies)
        self.observer = Observer(
            self.database, self.clock, intake, remote=parts.remote(settings), enabled=settings.self_observability
        )
        self.presence = Presence(self.clock)
        self.gate = Gate(self.credentials, self.clock, parts.rates(settings), settings.networks())
        self.people = People(
            self.database,
            self.clock,
            passwords or Passwords(),
            admins=settings.admins(),
            open_registration=settings.open_registration,
        )
        self.letters = Letters(self.database, self.clock, parts.smtp(settings), address=settings.address())
        self.live = Hub(self.clock, grace=settings.live_grace_seconds)
        self.rounds = Rounds(self.live, self.database, self.clock)
        self.tails = Tails(self.database)
        self.sockets = OpenSockets(self.credentials)
        resources = Resources(
            clock=self.clock,
            database=self.database,
            intake=intake,
            gate=self.gate,
            observer=self.observer,
            policies=self.policies,
            presence=self.presence,
            people=self.people,
            letters=self.letters,
            live=self.live,
            sockets=self.sockets,
            public_url=settings.public_url,
            environment=settings.environment,
            body_seconds=settings.body_seconds,
        )
        self.chain = Chain()
        self.trail = Trail(self.database, intake, self.policies, self.chain, Engine())
        options = parts.options(settings)
        self.streams = Streams(self.database, self.trail, options.streams)
        self.dispatcher = Dispatcher(
            self.database, self.clock, allow_private=settings.allow_private_webhooks, smtp=parts.smtp(settings)
        )
        self.endpoints = distinct(
            [
                *logister.endpoints(resources),
                *reads.endpoints(resources),
                *logstitch.endpoints(resources, self.trail, self.streams, options),
                *logfleet.endpoints(resources),
                *luminalog.endpoints(resources, parts.log_options(settings)),
                *health.endpoints(resources),
                *inside.endpoints(self.gate, lambda: self.figures, settings.metrics_token),
            ]
        )
        self.schedule = Schedule(
            settings,
            self.clock,
            self.database,
            credentials=self.credentials,
            gate=self.gate,
            observer=self.observer,
            trail=self.trail,
            streams=self.streams,
            dispatcher=self.dispatcher,
            presence=self.presence,
            letters=self.letters,
            rounds=self.rounds,
            sockets=self.sockets,
            tails=self.tails,
            heads=Keeper(self.database, self.chain),
            certificate=certificate,
            inlet=Inlet(self.database, Arrivals(self.database, self.clock, self.chain)),
        )
        traffic = Traffic()
        self.figures = Figures(
            resources,
            traffic,
            tails=self.tails,
            dispatcher=self.dispatcher,
            jobs=lambda: self.schedule.jobs,
            standing=lambda: self.schedule.trimming.standing,
            connections=lambda: len(self.lane.connections),
        )
        self.socket_routes = logfleet.sockets(resources)
        self.site = parts.site(
            settings,
            resources,
            trail=self.trail,
            chain=self.chain,
            streams=self.streams,
            dispatcher=self.dispatcher,
            tails=self.tails,
            report=self.schedule.report,
        )
        pages = web.pages(self.site)
        hot = {
            endpoint.path: endpoint.handler
            for endpoint in self.endpoints
            if endpoint.method == "POST" and isinstance(endpoint.handler, Hot) and "{" not in endpoint.path
        }
        self._router = Starlette(
            routes=[
                *(endpoint.route() for endpoint in self.endpoints),
                *web.routes(self.site, pages),
                *documents.routes(self.endpoints, title=TITLE, version=__version__, description=DESCRIPTION),
            ],
            exception_handlers={HTTPException: Unmatched(web.nowhere(self.site))},
            lifespan=self._lifespan,
        )
        # A redirect would make some clients send a POST again as a GET.
        self._router.router.redirect_slashes = False
        routing = Routing(hot, [declared.route() for declared in self.socket_routes], self._router)
        watch = Watch(
            routing,
            [*self.endpoints, *self.socket_routes, *pages],
            monotonic=self.clock.monotonic,
            traffic=traffic,
            log=parts.access_log(settings, self.gate),
        )
        everywhere = Everywhere(https_only=settings.https_only())
        self._app: ASGIApp = Headed(watch, everywhere)
        self.lane = Lane(
            {path.encode(): route for path, route in hot.items()},
            head_seconds=settings.body_seconds,
            logged=watch.answered,
            everywhere=everywhere,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan."""
        await self._app(scope, receive, send)

    async def farewell(self) -> None:
        """End what is open for as long as its peers like, and tell them why; before the server stops."""
        self.tails.close()
        await self.rounds.stop()
        await self.sockets.ended(_FAREWELL_SECONDS)

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        await self.database.open()
        if self.settings.self_endpoint:
            logger.info("refused submissions are reported to %s", self.settings.self_endpoint)
        try:
            self.policies.open(await self.database.write(keys.store_secret, "redaction"))
            if signing.existing(self.database.folder) is None and await self.database.look_up(has_heads):
                logger.critical("the key that signed the audit trail is gone; put %s back, or see to it", signing.FILE)
            self.chain.open(signing.existing_or_new(self.database.folder))
            await self.rounds.begin()
            self.schedule.start()
            yield
            try:
                await self.farewell()
                await self.schedule.stop()
            except Exception as error:  # noqa: BLE001 - logged, without its words; the end goes on
                logger.warning("a last pass before the end failed\n%s", trace(error))
        finally:
            status.remove(self.database.folder)
            await self.database.close()
