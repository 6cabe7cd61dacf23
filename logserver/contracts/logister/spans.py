"""What a span needs, and what it is given where the sender left it out."""

from typing import Any

from logserver.contracts.logister.fields import humanize, is_blank, read_number
from logserver.core.times import iso_text, read_time

SPAN_KINDS = frozenset({"app", "browser", "cache", "db", "http", "internal", "queue", "render", "resource", "server"})


def complete(context: dict[str, Any], message: str, started: int, errors: list[str]) -> None:
    """Check what a span needs, and give it a plain kind, duration, start (Unix microseconds) and end."""
    for name in ("trace_id", "span_id"):
        if type(context.get(name)) is int:
            context[name] = str(context[name])
        if not isinstance(context.get(name), str) or is_blank(context[name]):
            errors.append(f"{humanize(name)} can't be blank")
    if is_blank(message):
        errors.append("Name can't be blank")
    duration = context.get("duration_ms")
    number = read_number(duration)
    if number is None:
        errors.append("Duration ms can't be blank" if is_blank(duration) else "Duration ms is not a number")
        return
    context["duration_ms"] = max(number, 0)
    kind = context.get("kind") or context.get("span_kind")
    plain = kind.lower() if isinstance(kind, str) else ""
    context["kind"] = plain if plain in SPAN_KINDS else "internal"
    if read_time(context.get("started_at")) is None:
        context["started_at"] = iso_text(started)
    if read_time(context.get("ended_at")) is None:
        context["ended_at"] = iso_text(started + round(context["duration_ms"] * 1000))
