"""What all pages work with: one of each, made by the roof."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from logserver.api.gate import Rates
from logserver.api.resources import Resources
from logserver.contracts.logstitch.chain import Chain
from logserver.contracts.logstitch.streams import Streams
from logserver.contracts.logstitch.trail import Trail
from logserver.core.aside import Aside
from logserver.core.live.tails import Tails
from logserver.core.posting.dispatch import Dispatcher
from logserver.core.searching.exports import Exports
from logserver.core.status import Report
from logserver.web.assets import Assets
from logserver.web.rendering import Renderer

_ASIDE = 2


@dataclass(frozen=True)
class Site:
    """The parts of a running server that pages need beside what the contracts need."""

    resources: Resources
    trail: Trail
    chain: Chain
    streams: Streams
    dispatcher: Dispatcher
    report: Callable[[int], Report]
    """What the server has to say of itself at a time in Unix milliseconds."""
    rates: Rates
    """The rate limits that hold where a project has none of its own."""
    folder: Path
    mail: bool
    """Whether letters can be sent."""
    allow_private_webhooks: bool
    """Whether a webhook may point into a private network."""
    secure: bool
    """Whether people reach the server over HTTPS, as far as the settings say."""
    prefix: str
    """The path below which a proxy shows the pages, such as ``/logs``; empty: the root."""
    frame_ancestors: str
    """Which sites may show the viewer in a frame, as Content-Security-Policy spells them."""
    assets: Assets
    renderer: Renderer
    tails: Tails
    exports: Exports
    aside: Aside = field(default_factory=lambda: Aside(_ASIDE))
    """Where somebody's patterns are compiled and tried, which takes its time."""
