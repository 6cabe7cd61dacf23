"""What the options of ``logserver agent`` mean to the agent."""

import os
import socket
import ssl
from pathlib import Path
from typing import Any

import click
import platformdirs

from logserver.agent.agent import Options
from logserver.agent.client import Address
from logserver.agent.enrolment import Self

ROOTS_STATE = Path("/var/lib/logserver-agent")


def default_state() -> Path:
    """Where the state is kept when nothing else is said."""
    if os.geteuid() == 0:
        return ROOTS_STATE
    return Path(platformdirs.user_state_dir("logserver-agent", appauthor=False))


def read(values: dict[str, Any]) -> tuple[Options, bool]:
    """What was asked for, and whether standard input is read."""
    # Without quotes the shell replaces a glob by what it finds: --follow takes the first, and these are the others.
    globs = [*values["follow"], *(each for each in values["sources"] if each != "-")]
    with_stdin = values["stdin"] or "-" in values["sources"]
    if not globs and not with_stdin:
        raise click.UsageError("there is nothing to read: name files with --follow, or standard input with -")
    try:
        address = Address.of(values["server"])
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--server") from error
    hostname = socket.gethostname()
    options = Options(
        address=address,
        key=_key(values),
        own=Self(values["name"] or hostname, hostname, _labels(values["label"])),
        state=values["state"] or default_state(),
        patterns=[os.path.abspath(each) for each in globs],  # noqa: PTH100 - pathlib would follow links in a glob
        ship=values["ship"],
        from_start=values["from_start"],
        heartbeat_seconds=values["heartbeat_interval"],
        metrics_seconds=values["metrics_interval"],
        poll_seconds=values["poll_interval"],
        spool_megabytes=values["spool_megabytes"],
    )
    return options, with_stdin


def _key(values: dict[str, Any]) -> str:
    if values["key_file"] is not None:
        key = values["key_file"].read_text(encoding="utf-8", errors="replace").strip()
    else:
        key = (values["key"] or "").strip()
    if not key:
        raise click.UsageError("the edge key is missing: give it with LOGSERVER_AGENT_KEY, --key-file or --key")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise click.UsageError("the edge key has characters that no key has")
    return str(key)


def _labels(given: tuple[str, ...]) -> dict[str, str]:
    labels = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"{each!r} is not KEY=VALUE", param_hint="--label")
        labels[name] = value
    return labels


def trusted(ca_file: Path | None) -> ssl.SSLContext | None:
    """The certificates to trust instead of the system's, if any are named."""
    if ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError as error:
        raise click.BadParameter(f"there are no certificates in {ca_file}", param_hint="--ca-file") from error
