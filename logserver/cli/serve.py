"""``logserver serve``: the server itself."""

import ipaddress
import os
from dataclasses import fields
from typing import Any

import click

from logserver.cli.options import settings_options
from logserver.cli.refusals import refusals
from logserver.settings import SHORTEST_TOKEN, Settings
from logserver.store import database, lockfile


@click.command()
@settings_options
def serve(**values: Any) -> None:
    """Run the server until it is told to stop (SIGTERM or Ctrl-C)."""
    # Imported here, so that the other commands do not wait for a web server to load.
    from logserver.server import run  # noqa: PLC0415 - as said above

    settings = Settings(**{each.name: values[each.name] for each in fields(Settings)})
    for network in settings.networks():
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--trusted-proxies") from error
    if 0 < len(settings.metrics_token) < SHORTEST_TOKEN:
        raise click.BadParameter(f"it must have {SHORTEST_TOKEN} characters or more", param_hint="--metrics-token")
    # What would keep the store from opening is told here in one line, before there is a server to fail.
    with refusals():
        os.close(lockfile.lock(settings.data))
        with database.transaction(settings.data):
            pass
    run(settings)
