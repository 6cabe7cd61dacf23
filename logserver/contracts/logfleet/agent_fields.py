"""What may be said of an agent, read from a body; whatever is wrong is noted under its field."""

from typing import Any

import msgspec

from logserver.api.fields import Fields
from logserver.core import nesting

MAX_NAME = 200
MAX_HOSTNAME = 255
MAX_VERSION = 100
MAX_LABELS = 64
MAX_LABEL = 128
MAX_LABEL_VALUE = 255
MAX_METRICS = 32
MAX_METRIC = 64
LARGEST = 1e18
CONFIG_BYTES = 32 * 1024
CONFIG_DEPTH = 16
_CONFIG_VALUES = 10_000


def name_of(fields: Fields, *, required: bool = False) -> str | None:
    """The name of an agent, without the spaces around it."""
    name = _line(fields, "name", fields.text("name", longest=MAX_NAME, required=required))
    return name.strip() if name is not None else None


def text_of(fields: Fields, sent: dict[str, Any], name: str, longest: int) -> str | None:
    """A text that may be empty."""
    if sent.get(name) == "":
        return ""
    return _line(fields, name, fields.text(name, longest=longest))


def labels_of(fields: Fields, sent: dict[str, Any]) -> dict[str, str] | None:
    """Up to 64 labels: texts by names without a colon."""
    labels = _object(fields, sent, "labels", MAX_LABELS)
    if labels is None:
        return None
    for key, value in labels.items():
        if not key.strip() or len(key) > MAX_LABEL or ":" in key or not _one_line(key):
            fields.wrong("labels", f"Names must be 1 to {MAX_LABEL} characters without a colon or a control character")
        elif not isinstance(value, str):
            fields.wrong(f"labels.{key}", "Expected string")
        elif len(value) > MAX_LABEL_VALUE or not _one_line(value):
            fields.wrong(f"labels.{key}", f"Must be at most {MAX_LABEL_VALUE} characters, no control character")
    return labels


def metrics_of(fields: Fields, sent: dict[str, Any]) -> dict[str, Any] | None:
    """Up to 32 numbers by name."""
    metrics = _object(fields, sent, "metrics", MAX_METRICS)
    if metrics is None:
        return None
    for key, value in metrics.items():
        if not key.strip() or len(key) > MAX_METRIC or not _one_line(key):
            fields.wrong("metrics", f"Names must be 1 to {MAX_METRIC} characters, no control character")
        elif isinstance(value, bool) or not isinstance(value, int | float):
            fields.wrong(f"metrics.{key}", "Expected number")
        elif abs(value) > LARGEST:
            fields.wrong(f"metrics.{key}", f"Must be within {LARGEST:g} of zero")
    return metrics


def config_of(fields: Fields, sent: dict[str, Any], *, required: bool = False) -> dict[str, Any] | None:
    """A configuration: a JSON object of at most 32 KiB and 16 levels."""
    config = sent.get("config")
    if config is None:
        if required:
            fields.wrong("config", "Required")
        return None
    if not isinstance(config, dict):
        fields.wrong("config", "Expected object")
        return None
    if (problem := nesting.excess(config, levels=CONFIG_DEPTH, most=_CONFIG_VALUES)) is not None:
        fields.wrong("config", problem)
    elif len(msgspec.json.encode(config)) > CONFIG_BYTES:
        fields.wrong("config", f"Must be at most {CONFIG_BYTES} bytes of JSON")
    return config


def _object(fields: Fields, sent: dict[str, Any], name: str, most: int) -> dict[str, Any] | None:
    value = sent.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        fields.wrong(name, "Expected object")
    elif len(value) > most:
        fields.wrong(name, f"Must have at most {most} entries")
    else:
        return value
    return None


def _line(fields: Fields, name: str, text: str | None) -> str | None:
    """A text that fits on a line of the log."""
    if text is None or _one_line(text):
        return text
    fields.wrong(name, "Must not have control characters")
    return None


def _one_line(text: str) -> bool:
    return not any(character < " " or "\x7f" <= character <= "\x9f" for character in text)
