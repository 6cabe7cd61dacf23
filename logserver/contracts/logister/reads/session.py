"""What the server can be asked, and who asks."""

from logserver import __version__
from logserver.contracts.logister.reads import wire
from logserver.contracts.logister.reads.asking import MOST, USUAL_LIMIT
from logserver.contracts.logister.reads.projects import shown
from logserver.core import projects
from logserver.core.times import iso_text
from logserver.core.tokens import READ_SCOPES, Credential
from logserver.store.tx import Tx
from logserver.store.words import TYPES

API_VERSION = 1
_ARRIVALS_KEPT_SECONDS = 3_600


def capabilities(resources: list[wire.Resource]) -> wire.Capabilities:
    """GET capabilities: the same for every token."""
    return wire.Capabilities(
        server="logserver",
        version=__version__,
        api_version=API_VERSION,
        scopes=list(READ_SCOPES),
        event_types=list(TYPES),
        resources=resources,
        limits=wire.Limits(MOST, USUAL_LIMIT, _ARRIVALS_KEPT_SECONDS),
    )


def session(tx: Tx, credential: Credential, now_ms: int) -> wire.ReadSession:
    """GET session: the token, and its project."""
    project = projects.by_number(tx, credential.project.number) if credential.project is not None else None
    ends = credential.expires_at
    return wire.ReadSession(
        wire.Token(
            credential.kind,
            credential.name,
            list(READ_SCOPES if credential.kind == "project" else credential.scopes),
            iso_text(ends * 1_000) if ends is not None else None,
        ),
        shown(project) if project is not None else None,
        iso_text(now_ms * 1_000),
    )
