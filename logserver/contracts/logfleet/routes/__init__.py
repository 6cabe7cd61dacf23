"""The paths of the LogFleet contract, declared once, a module for each noun."""

from functools import partial

from logserver.api.endpoint import Endpoint
from logserver.api.resources import Resources
from logserver.api.sockets import SocketRoute
from logserver.contracts.logfleet.agents import AgentHandlers
from logserver.contracts.logfleet.api_keys import ApiKeyHandlers
from logserver.contracts.logfleet.auth import AuthHandlers
from logserver.contracts.logfleet.edge import EdgeHandlers
from logserver.contracts.logfleet.edge_metrics import EdgeMetricHandlers
from logserver.contracts.logfleet.metric_configs import MetricConfigHandlers
from logserver.contracts.logfleet.routes import (
    agents,
    api_keys,
    auth,
    edge,
    edge_metrics,
    metric_configs,
    scrape,
    streams,
)
from logserver.contracts.logfleet.routes.terms import Routes
from logserver.contracts.logfleet.shipping import ShippingHandlers
from logserver.contracts.logfleet.stream_lines import heard
from logserver.contracts.logfleet.stream_sockets import StreamSockets
from logserver.contracts.logfleet.streams import StreamHandlers

PREFIXES = (
    "/api/v1/auth",
    "/api/v1/agents",
    "/api/v1/api-keys",
    "/api/v1/stream/",
    "/api/v1/metric-configs",
    "/api/v1/edge",
    "/metrics/agents",
)
"""Where unmatched requests are answered in this contract's dialect."""


def endpoints(resources: Resources) -> list[Endpoint]:
    """The declarations of the contract over a server's resources."""
    routes = Routes(resources)
    return [
        *auth.endpoints(routes, AuthHandlers(resources)),
        *api_keys.endpoints(routes, ApiKeyHandlers(resources)),
        *agents.endpoints(routes, AgentHandlers(resources)),
        *edge.endpoints(routes, EdgeHandlers(resources, partial(heard, resources.live)), ShippingHandlers(resources)),
        *streams.endpoints(routes, StreamHandlers(resources)),
        *metric_configs.endpoints(routes, MetricConfigHandlers(resources)),
        *edge_metrics.endpoints(routes, EdgeMetricHandlers(resources)),
        *scrape.endpoints(routes),
    ]


def sockets(resources: Resources) -> list[SocketRoute]:
    """The declarations of the contract's WebSockets."""
    return streams.sockets(Routes(resources), StreamSockets(resources), resources.sockets)
