"""What all pages work with: one of each, made by the roof."""

from dataclasses import dataclass, field
from pathlib import Path

from logserver.api.resources import Resources
from logserver.contracts.logstitch.chain import Chain
from logserver.contracts.logstitch.streams import Streams
from logserver.contracts.logstitch.trail import Trail
from logserver.core.aside import Aside
from logserver.core.posting.dispatch import Dispatcher
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
    aside: Aside = field(default_factory=lambda: Aside(_ASIDE))
    """Where somebody's patterns are compiled and tried, which takes its time."""
