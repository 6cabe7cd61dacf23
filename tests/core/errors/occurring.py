"""Errors sent over HTTP, one by one, and what groups they make."""

from typing import Any

from logserver.core.errors import inbox
from logserver.core.errors.groups import Group
from logserver.core.errors.inbox import Filter
from logserver.store.database import snapshot
from tests.contracts.logister.sending import EVENTS, event
from tests.serving import Sender, Server


def send(server: Server, sender: Sender, message: str, kind: str = "error", **values: Any) -> str:
    """The id of a stored event."""
    answer = server.post(EVENTS, event(event_type=kind, message=message, **values), sender.token)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def titles(server: Server, sender: Sender, cursor: str | None = None, limit: int = 50, **asked: Any) -> list[str]:
    """The titles of a page."""
    return [group.title for group in page(server, sender, cursor, limit, **asked).groups]


def page(server: Server, sender: Sender, cursor: str | None = None, limit: int = 50, **asked: Any) -> inbox.Page:
    with snapshot(server.folder) as tx:
        return inbox.page(
            tx, sender.project.number, Filter(**asked), limit=limit, now_ms=server.clock.now_ms(), cursor=cursor
        )


def group(server: Server, sender: Sender, title: str) -> Group:
    """The group of a title."""
    (found,) = [each for each in page(server, sender, status="all").groups if each.title == title]
    return found
