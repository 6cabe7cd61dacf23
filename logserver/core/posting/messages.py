"""What is said to a webhook: the message itself, signed, or the text that a chat or a mailbox shows.

A message is ``{"type", "timestamp", "data": <alert>}``. Its values come from whoever sent the events, so nothing
of them may become markup, a mention, or a line of its own.
"""

import base64
import hashlib
import hmac
import re
from typing import Any, Literal

import msgspec

from logserver.core.posting.targets import Target

Shape = Literal["standard", "slack", "discord", "mail"]

MAX_TEXT = 2_000
"""Characters of a text for a chat; Discord takes no more."""

_SLACK = {"hooks.slack.com", "hooks.slack-gov.com"}
_DISCORD = re.compile(r"(?:(?:canary|ptb)\.)?discord(?:app)?\.com")
_DISCORD_PATH = re.compile(r"/api(?:/v[0-9]+)?/webhooks/")
_DISCORD_MARKUP = re.compile(r"([\\*\[\]<>`~|])")
_MAX_VALUE = 200


def shape(target: Target) -> Shape:
    """How a target wants to be told."""
    if target.scheme == "mailto":
        return "mail"
    if target.host in _SLACK:
        return "slack"
    if _DISCORD.fullmatch(target.host) and _DISCORD_PATH.match(target.path):
        return "slack" if target.path.partition("?")[0].endswith("/slack") else "discord"
    return "standard"


def payload(form: Shape, message: str) -> bytes:
    """The JSON that is posted for a message, given as its own JSON."""
    if form == "slack":
        text = _text(msgspec.json.decode(message))
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return msgspec.json.encode({"text": text, "mrkdwn": False})
    if form == "discord":
        text = _DISCORD_MARKUP.sub(r"\\\1", _text(msgspec.json.decode(message)))
        return msgspec.json.encode({"content": text[:MAX_TEXT], "allowed_mentions": {"parse": []}})
    return message.encode()


def letter(message: str) -> tuple[str, str]:
    """Subject and text of an e-mail for a message, given as its JSON; the subject is one line."""
    decoded = msgspec.json.decode(message)
    return _title(decoded), _text(decoded) + "\n"


def signature(secret: str, message_id: str, seconds: int, body: bytes) -> str:
    """The webhook-signature of a body sent at a time (Unix seconds), by a secret ``whsec_`` and base64."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{message_id}.{seconds}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def _text(message: dict[str, Any]) -> str:
    data = _data(message)
    lines = [
        _title(message),
        f"{_plain(data.get('group_by', 'group'))}: {_plain(data.get('group_key', ''))}",
        f"events: {_plain(data.get('event_count', ''))}",
        f"status: {_plain(data.get('status', ''))}",
        f"time: {_plain(message.get('timestamp', ''))}",
    ]
    return "\n".join(line for line in lines if not line.endswith(": "))


def _title(message: dict[str, Any]) -> str:
    data = _data(message)
    happened = _plain(message.get("type", "")).rpartition(".")[2]
    severity = _plain(data.get("severity", "")).upper()
    name = _plain(data.get("rule_name", "")) or "alert"
    return f"[{severity}] {name} {happened}" if severity else f"{name} {happened}"


def _data(message: dict[str, Any]) -> dict[str, Any]:
    data = message.get("data")
    return data if isinstance(data, dict) else {}


def _plain(value: Any) -> str:
    """A value as a short piece of one line."""
    text = "".join(character if character.isprintable() else " " for character in str(value)[: 2 * _MAX_VALUE])
    return " ".join(text.split())[:_MAX_VALUE]
