"""What the settings mean to the parts of the server."""

from collections.abc import Callable
from functools import cache
from urllib.parse import urlsplit

from logserver.api.access import AccessLog
from logserver.api.gate import Gate, Rates
from logserver.api.resources import Resources
from logserver.contracts.logstitch.chain import Chain
from logserver.contracts.logstitch.options import Options, StreamLimits
from logserver.contracts.logstitch.streams import Streams
from logserver.contracts.logstitch.trail import Trail
from logserver.contracts.luminalog.handlers import Options as LogOptions
from logserver.core.clock import Clock
from logserver.core.live.tails import Tails
from logserver.core.observer import Remote
from logserver.core.posting.dispatch import Dispatcher
from logserver.core.posting.mail import Smtp
from logserver.core.searching.exports import Exports
from logserver.core.status import Report
from logserver.settings import Settings
from logserver.store.database import Database
from logserver.web import routes as web
from logserver.web.assets import Assets
from logserver.web.rendering import Renderer
from logserver.web.site import Site


def database(settings: Settings, clock: Clock) -> Database:
    """The store of the data folder, not yet opened."""
    return Database(
        settings.data,
        now_ms=clock.now_ms,
        monotonic=clock.monotonic,
        durability=settings.durability,
        readers=settings.readers,
        read_seconds=settings.read_seconds,
        queue_rows=settings.queue_rows,
        queue_bytes=settings.queue_megabytes * 1_000_000,
        queue_seconds=settings.queue_seconds,
    )


def remote(settings: Settings) -> Remote | None:
    """The other server that is told of refused submissions, if there is one."""
    if settings.self_endpoint and settings.self_api_key:
        return Remote(settings.self_endpoint, settings.self_api_key)
    return None


def options(settings: Settings) -> Options:
    """What may be sent to the audit trail and to streams."""
    streams = StreamLimits(
        requests_per_minute=settings.stream_requests_per_minute,
        events_per_day=settings.stream_events_per_day,
        events=settings.stream_events,
        streams_per_day=settings.streams_per_day,
        days=settings.stream_days,
        megabytes=settings.stream_megabytes,
        most=settings.streams_max,
    )
    return Options(
        batch_limit=settings.audit_batch_limit,
        allow_private_webhooks=settings.allow_private_webhooks,
        mail=bool(settings.smtp_host),
        streams=streams,
    )


def log_options(settings: Settings) -> LogOptions:
    """How many requests ``POST /v1/logs`` takes of a token, and by what transport."""
    return LogOptions(
        settings.logs_rate_limit_per_minute, settings.logs_rate_limit_burst, require_https=settings.https_required()
    )


def smtp(settings: Settings) -> Smtp | None:
    """The mail server of the settings, if there is one."""
    if not settings.smtp_host:
        return None
    user = settings.smtp_user
    sender = settings.smtp_from or (user if "@" in user else f"logserver@{settings.smtp_host}")
    return Smtp(settings.smtp_host, settings.smtp_port, user, settings.smtp_password, sender, settings.smtp_security)


def access_log(settings: Settings, gate: Gate) -> AccessLog | None:
    """What writes the access log, unless it is off."""
    if settings.access_log == "off":
        return None
    return AccessLog(address=gate.address, json=settings.access_log == "json")


def rates(settings: Settings) -> Rates:
    """The usual rate limits."""
    return Rates(
        settings.public_api_rate_limit_requests,
        settings.public_api_rate_limit_period_seconds,
        settings.public_api_auth_failure_rate_limit_requests,
    )


@cache
def _looks() -> tuple[Assets, Renderer]:
    """What pages look like, which no setting changes: read, and its templates compiled, once a process."""
    assets = Assets()
    return assets, Renderer(web.shared(assets))


def site(
    settings: Settings,
    resources: Resources,
    *,
    trail: Trail,
    chain: Chain,
    streams: Streams,
    dispatcher: Dispatcher,
    tails: Tails,
    report: Callable[[int], Report],
) -> Site:
    """What the pages work with."""
    assets, renderer = _looks()
    reached = urlsplit(settings.public_url.strip())
    return Site(
        resources=resources,
        trail=trail,
        chain=chain,
        streams=streams,
        dispatcher=dispatcher,
        report=report,
        rates=rates(settings),
        folder=settings.data,
        mail=bool(settings.smtp_host),
        allow_private_webhooks=settings.allow_private_webhooks,
        secure=reached.scheme.lower() == "https",
        prefix=reached.path.rstrip("/"),
        frame_ancestors=settings.viewer_frame_ancestors,
        assets=assets,
        renderer=renderer,
        tails=tails,
        exports=Exports(resources.clock),
    )
