"""What is sent to the pages of logs."""

from typing import Any

from tests.serving import Sender, Server


def send(server: Server, sender: Sender, message: str = "hello", **values: Any) -> str:
    """Send a log, or another type of event; its public id."""
    event = {"event_type": "log", "message": message, **values}
    answer = server.post("/api/v1/ingest_events", {"event": event}, sender.token)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def of(sender: Sender, path: str = "/logs") -> str:
    """The path of a page of the project."""
    return f"/p/{sender.project.slug}{path}"
