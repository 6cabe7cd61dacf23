"""Everything the server tells a scraper of itself, gathered at the moment it is asked.

What is counted is counted where it happens, in plain numbers; nothing here runs until somebody asks. The labels are the
server's own words, but for the slugs of projects.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, get_args

from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector

from logserver import __version__
from logserver.api.inside import families
from logserver.api.inside.families import counter, gauge, histogram
from logserver.api.inside.room import of_room
from logserver.api.inside.traffic import Traffic
from logserver.api.resources import Resources
from logserver.core import monitors, projects
from logserver.core.fleet import agents
from logserver.core.jobs import Jobs
from logserver.core.live.tails import Tails
from logserver.core.posting.dispatch import Dispatcher
from logserver.core.trimming import Standing
from logserver.store.database import Database
from logserver.store.errors import StoreError
from logserver.store.throughput import OTHERS
from logserver.store.tx import Tx

OTHER_PROJECTS = "~other"


class _Looked(NamedTuple):
    """What only the store can say; nothing of it where it cannot be read."""

    unused: float | None = None
    slugs: Mapping[int, str] = {}
    agents: Mapping[str, int] = {}
    monitors: Mapping[str, int] = {}


class Figures:
    """The figures of one server.

    ``jobs`` are its jobs, ``standing`` is how its store stands to the size it may have, and ``connections`` how many
    are open.
    """

    def __init__(
        self,
        resources: Resources,
        traffic: Traffic,
        *,
        tails: Tails,
        dispatcher: Dispatcher,
        jobs: Callable[[], Jobs],
        standing: Callable[[], Standing],
        connections: Callable[[], int],
    ) -> None:
        self._resources = resources
        self._traffic = traffic
        self._tails = tails
        self._dispatcher = dispatcher
        self._jobs = jobs
        self._standing = standing
        self._connections = connections
        self._process = ProcessCollector(registry=None)

    async def text(self) -> bytes:
        """All of them as Prometheus reads them, also while the store is in trouble."""
        # Thousands of lines take milliseconds, which those who send need not wait. What is read there of others'
        # counts is single numbers, and copies that no other thread can come between.
        return await asyncio.to_thread(self._written, await self._look())

    def _written(self, looked: _Looked) -> bytes:
        gathered = [*self._requests(), *self._store(looked), *self._live(looked), *self._work()]
        return families.text([*gathered, *self._process.collect()])

    async def _look(self) -> _Looked:
        try:
            return await self._resources.database.look_up(_look, self._resources.clock.now_ms())
        except (StoreError, sqlite3.Error):
            return _Looked()

    def _requests(self) -> Iterator[Metric]:
        traffic, resources = self._traffic, self._resources
        yield gauge("logserver_info", "The version that runs.", {(__version__,): 1}, ("version",))
        yield counter(
            "logserver_http_requests",
            "Answers, by route; status 101 is a WebSocket, 0 a sender who was gone before the answer.",
            {(method, route, str(code)): n for (method, route, code), n in traffic.answered().items()},
            ("method", "route", "status"),
        )
        yield histogram(
            "logserver_http_request_duration_seconds",
            "From a request to the beginning of its answer.",
            {(route,): spread for route, spread in traffic.seconds().items()},
            ("route",),
        )
        yield counter(
            "logserver_refused",
            "Requests to the API that were refused, by reason.",
            {(reason,): n for reason, n in dict(resources.gate.refused).items()},
            ("reason",),
        )
        yield counter(
            "logserver_dropped",
            "What was left out though its sender did nothing wrong: records and lines for live views that fell behind,"
            " and notes of refusals beyond those that are written down.",
            {
                ("live tail",): self._tails.dropped,
                ("live lines",): resources.live.lost,
                ("refusal notes",): resources.observer.unrecorded,
            },
            ("what",),
        )

    def _store(self, looked: _Looked) -> Iterator[Metric]:
        database = self._resources.database
        yield from _written_by(database, looked.slugs)
        rows, size = database.queue_limits
        yield gauge("logserver_queue_events", "Events that wait to be written.", database.queued_rows)
        yield gauge("logserver_queue_bytes", "The same in bytes.", database.queued_bytes)
        yield gauge("logserver_queue_limit_events", "Events that may wait before senders are told to.", rows)
        yield gauge("logserver_queue_limit_bytes", "The same in bytes.", size)
        troubled = database.refusing is not None or database.trouble() is not None
        yield gauge(
            "logserver_refusing", "1 while events are refused for lack of room, or cannot be written.", troubled
        )
        damaged = database.mishaps.damage is not None
        yield gauge("logserver_damaged", "1 once damage was met in the store: see logserver doctor.", damaged)
        yield from of_room(database, self._standing(), looked.unused)
        last = database.checkpointed
        now = self._resources.clock.monotonic()
        yield gauge(
            "logserver_checkpoint_age_seconds",
            "Since the write-ahead log was last copied into the database.",
            now - last.at if last else None,
        )
        reads = database.slow_reads
        yield histogram("logserver_read_duration_seconds", "How long reads took.", {(): reads.seconds.taken()})
        yield counter("logserver_reads_ended", "Reads that were ended by the time limit.", reads.ended)

    def _live(self, looked: _Looked) -> Iterator[Metric]:
        resources = self._resources
        yield gauge("logserver_connections", "Open connections, WebSockets among them.", self._connections())
        yield gauge("logserver_websockets", "Open WebSockets.", len(resources.sockets))
        yield gauge("logserver_live_tails", "Live tails that somebody watches.", len(self._tails))
        yield gauge("logserver_live_streams", "Live streams of agents' lines.", len(resources.live.active()))
        yield gauge(
            "logserver_agents",
            "Agents, by the state they were told of last.",
            {(state,): n for state, n in looked.agents.items()},
            ("state",),
        )
        yield gauge(
            "logserver_monitors",
            "Monitors, by their state.",
            {(state,): n for state, n in looked.monitors.items()},
            ("state",),
        )

    def _work(self) -> Iterator[Metric]:
        yield counter(
            "logserver_webhook_attempts",
            "Attempts to deliver to webhooks and by mail.",
            {(outcome,): n for outcome, n in self._dispatcher.attempts.items()},
            ("outcome",),
        )
        yield histogram(
            "logserver_job_lateness_seconds",
            "How late passes of jobs began: how long the event loop was busy.",
            {(): self._jobs().lateness.taken()},
        )
        jobs = self._jobs().records
        for name, meaning, field in (
            ("logserver_job_passes", "Passes that a job has made.", "passes"),
            ("logserver_job_failures", "Passes of a job that failed.", "failures"),
        ):
            yield counter(name, meaning, {(job,): getattr(record, field) for job, record in jobs.items()}, ("name",))
        for name, meaning, field in (
            ("logserver_job_last_lateness_seconds", "How late the last pass of a job began.", "lateness"),
            ("logserver_job_worst_lateness_seconds", "The latest that a pass of it ever began.", "worst_lateness"),
            ("logserver_job_last_duration_seconds", "How long the last pass of a job took.", "seconds"),
        ):
            yield gauge(name, meaning, {(job,): getattr(record, field) for job, record in jobs.items()}, ("name",))
        yield gauge(
            "logserver_job_last_pass_timestamp_seconds",
            "When the last pass of a job began.",
            {(job,): record.last_ms / 1000 for job, record in jobs.items() if record.last_ms is not None},
            ("name",),
        )


def _written_by(database: Database, slugs: Mapping[int, str]) -> Iterator[Metric]:
    through = database.throughput
    stored: dict[tuple[str, ...], float] = {}
    for (project, kind), n in through.by_project().items():
        slug = OTHER_PROJECTS if project == OTHERS else slugs.get(project, f"#{project}")
        stored[slug, kind] = stored.get((slug, kind), 0) + n
    yield counter("logserver_events", "Events that were committed, by project.", stored, ("project", "type"))
    yield counter("logserver_commits", "Transactions that were committed.", through.commits)
    yield histogram(
        "logserver_commit_duration_seconds",
        "From the first statement of a transaction to the end of its commit: of those that brought events, and others.",
        {("events",): through.seconds.taken(), ("control",): through.other_seconds.taken()},
        ("kind",),
    )
    yield histogram(
        "logserver_commit_events", "Events in a transaction that brought any.", {(): through.events.taken()}
    )
    yield histogram("logserver_commit_requests", "Requests that shared it.", {(): through.requests.taken()})


def _look(tx: Tx, now_ms: int) -> _Looked:
    page, unused = (int(tx.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_size", "freelist_count"))
    return _Looked(
        page * unused,
        {project.number: project.slug for project in projects.every(tx)},
        dict.fromkeys(get_args(agents.Status), 0) | agents.count_by_status(tx),
        dict.fromkeys(get_args(monitors.State), 0) | monitors.count_by_state(tx, now_ms),
    )
