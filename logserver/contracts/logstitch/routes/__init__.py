"""The paths of the LogStitch contract, declared once, a module for each noun."""

from logserver.api.endpoint import Endpoint
from logserver.api.resources import Resources
from logserver.contracts.logstitch import alert_rules, webhooks
from logserver.contracts.logstitch import alerts as rung
from logserver.contracts.logstitch import redaction as rules
from logserver.contracts.logstitch.handlers import Handlers
from logserver.contracts.logstitch.keys import KeyHandlers
from logserver.contracts.logstitch.options import Options
from logserver.contracts.logstitch.routes import alerts, events, keys, redaction
from logserver.contracts.logstitch.routes import streams as stream_routes
from logserver.contracts.logstitch.routes.terms import Routes
from logserver.contracts.logstitch.stream_handlers import StreamHandlers
from logserver.contracts.logstitch.streams import Streams
from logserver.contracts.logstitch.trail import Trail
from logserver.contracts.logstitch.trials import Trials

PREFIXES = (
    "/api/v1/events",
    "/api/v1/keys",
    "/api/v1/redaction",
    "/api/v1/viewer-tokens",
    "/api/v1/alerts",
    "/api/v1/streams",
)
"""Where unmatched requests are answered in this contract's dialect."""


def endpoints(resources: Resources, trail: Trail, streams: Streams, options: Options) -> list[Endpoint]:
    """The declarations of the contract over a server's resources."""
    routes = Routes(resources)
    return [
        *events.endpoints(routes, Handlers(resources, trail, batch_limit=options.batch_limit)),
        *keys.endpoints(routes, KeyHandlers(resources)),
        *redaction.endpoints(routes, rules.Handlers(resources), Trials(resources, trail.policies)),
        *alerts.rules(routes, alert_rules.Handlers(resources)),
        *alerts.told(routes, webhooks.Handlers(resources, options)),
        *alerts.rung(routes, rung.Handlers(resources)),
        *stream_routes.endpoints(
            routes, StreamHandlers(resources, streams, options.streams, batch_limit=options.batch_limit)
        ),
    ]
