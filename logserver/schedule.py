"""What the server does by the clock: every job, how often, and what it runs."""

import os

from logserver import __version__
from logserver.api.certificates import EVERY_SECONDS as RENEWAL_SECONDS
from logserver.api.certificates import Certificate
from logserver.api.gate import Gate
from logserver.api.sockets import OpenSockets
from logserver.contracts.logstitch.heads import Keeper
from logserver.contracts.logstitch.streams import Streams
from logserver.contracts.logstitch.trail import Trail
from logserver.core import charts, compaction, monitors, retention, status, trimming
from logserver.core.clock import Clock
from logserver.core.credentials import Credentials
from logserver.core.disk import DiskWatch
from logserver.core.fleet.presence import EVERY_SECONDS, Presence
from logserver.core.growth import EVERY_SECONDS as GROWTH_SECONDS
from logserver.core.growth import Measuring
from logserver.core.jobs import Job, Jobs, in_transaction
from logserver.core.live import stream_sessions
from logserver.core.live.live_rounds import Rounds
from logserver.core.live.tails import PULSE_SECONDS, Tails
from logserver.core.observer import Observer
from logserver.core.people import browser_sessions, links
from logserver.core.people.letters import Letters
from logserver.core.posting import post
from logserver.core.posting.dispatch import Dispatcher
from logserver.settings import Settings
from logserver.store.database import Database
from logserver.transfer.inlet import EVERY_SECONDS as INLET_SECONDS
from logserver.transfer.inlet import Inlet


class Schedule:
    """The jobs of one server."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        database: Database,
        *,
        credentials: Credentials,
        gate: Gate,
        observer: Observer,
        trail: Trail,
        heads: Keeper,
        dispatcher: Dispatcher,
        streams: Streams,
        presence: Presence,
        letters: Letters,
        rounds: Rounds,
        sockets: OpenSockets,
        tails: Tails,
        inlet: Inlet,
        certificate: Certificate | None = None,
    ) -> None:
        self._clock = clock
        self._database = database
        self._credentials = credentials
        self._gate = gate
        self._observer = observer
        self.heads = heads
        self._dispatcher = dispatcher
        self._started_ms = 0
        expiry = retention.Expiry(database, clock.monotonic, retention.Retention(trail.retire))
        self.trimming = trimming.Trimming(database, clock.monotonic, settings.max_size)
        self._floor = settings.min_free_megabytes * 1_000_000
        disk = DiskWatch(database, self._floor, lambda: self.trimming.refusing)
        compacting = compaction.Compaction(database, clock.monotonic, settings.max_size, lambda: self.trimming.hurried)
        self.jobs = Jobs(
            [
                Job("credentials", 0.5, self._watch_credentials),
                Job("monitors", 5, in_transaction(database, monitors.miss_overdue)),
                Job("agents", EVERY_SECONDS, in_transaction(database, presence.miss_overdue)),
                Job("live streams", 0.25, rounds.one_pass),
                Job("live tails", PULSE_SECONDS, tails.one_pass),
                Job("watched agents", 1, rounds.look_at_agents),
                Job("ended streams", 60, in_transaction(database, stream_sessions.tidy)),
                Job("open sockets", 0.5, sockets.review),
                Job("retention", 60, expiry.one_pass),
                Job("trimming", trimming.EVERY_SECONDS, self.trimming.one_pass),
                Job("compaction", compaction.EVERY_SECONDS, compacting.one_pass),
                Job("rollups", 300, in_transaction(database, charts.roll_up)),
                Job("tidy", 60, in_transaction(database, retention.tidy)),
                Job("webhooks", 1, dispatcher.one_pass),
                Job("letters", 1, letters.one_pass),
                Job("links", 60, in_transaction(database, links.tidy)),
                Job("sessions", 60, in_transaction(database, browser_sessions.tidy)),
                Job("outbox", 60, in_transaction(database, post.tidy)),
                Job("streams", 60, in_transaction(database, streams.expire)),
                Job("limits", 60, self._prune_limits),
                Job("token uses", 30, self._flush_uses),
                Job("observer", 2, observer.flush),
                Job("audit heads", 2, heads.keep),
                Job("imports", INLET_SECONDS, inlet.one_pass),
                Job("disk", 1, disk.look),
                Job("growth", GROWTH_SECONDS, Measuring(database).one_pass),
                Job("status", 2, self._report),
                *([Job("certificate", RENEWAL_SECONDS, certificate.one_pass)] if certificate is not None else []),
            ],
            clock,
        )

    def start(self) -> None:
        """Begin, once the store is open."""
        self._started_ms = self._clock.now_ms()
        self.jobs.start()

    async def stop(self) -> None:
        """Let what is under way end, and write down what is only in memory."""
        await self.jobs.stop()
        await self._dispatcher.close()
        for last in (self._observer.flush, self._flush_uses, self.heads.keep):
            await last(self._clock.now_ms())

    async def _watch_credentials(self, _now_ms: int) -> bool:
        await self._credentials.watch()
        return False

    async def _flush_uses(self, _now_ms: int) -> bool:
        await self._credentials.flush_uses()
        return False

    async def _prune_limits(self, _now_ms: int) -> bool:
        self._gate.prune()
        return False

    def report(self, now_ms: int) -> status.Report:
        """What the server has to say of itself."""
        commits, seconds = self._database.commits()
        median, p99 = status.percentiles([second * 1000 for second in seconds])
        last = self._database.checkpointed
        return status.Report(
            pid=os.getpid(),
            version=__version__,
            started_at=self._started_ms,
            at=now_ms,
            queued_rows=self._database.queued_rows,
            queued_bytes=self._database.queued_bytes,
            refusing=self._database.refusing,
            damage=self._database.mishaps.damage,
            commits=commits,
            commit_ms_median=median,
            commit_ms_p99=p99,
            checkpoint_age_seconds=self._clock.monotonic() - last.at if last is not None else None,
            log_pages=last.log if last is not None else None,
            jobs=self.jobs.records,
            room=self.trimming.standing if self.trimming.standing.limit else None,
            floor_bytes=self._floor,
        )

    async def _report(self, now_ms: int) -> bool:
        status.write(self._database.folder, self.report(now_ms))
        return False
