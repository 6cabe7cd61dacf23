"""The paths of the read API, declared once, a module for each kind of thing that is read."""

from logserver.api.endpoint import Endpoint
from logserver.api.resources import Resources
from logserver.contracts.logister.reads.routes import figures, records, session
from logserver.contracts.logister.reads.routes.terms import ROOT, Routes

PREFIX = ROOT
"""Where unmatched requests are answered in the words of the read API."""


def endpoints(resources: Resources) -> list[Endpoint]:
    """The declarations over a server's resources."""
    routes = Routes(resources)
    listed = [*session.endpoints(routes), *records.endpoints(routes), *figures.endpoints(routes)]
    return [session.capabilities(routes), *listed]
