"""``logserver serve``: the server itself."""

import ipaddress
import os
from dataclasses import fields
from typing import Any

import click

from logserver.cli.options import settings_options
from logserver.cli.refusals import refusals
from logserver.settings import Settings
from logserver.store import database, lockfile


@click.command()
@settings_options
def serve(**values: Any) -> None:
    """Run the server until it is told to stop (SIGTERM or Ctrl-C)."""
    # Imported here, so that the other commands do not wait for a web server to load.
    from logserver import server  # noqa: PLC0415 - as said above
    from logserver.api.certificates import Unusable  # noqa: PLC0415 - as said above

    settings = Settings(**{each.name: values[each.name] for each in fields(Settings)})
    for network in settings.networks():
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--trusted-proxies") from error
    if bool(settings.tls_cert) != bool(settings.tls_key):
        given, missing = ("--tls-cert", "--tls-key") if settings.tls_cert else ("--tls-key", "--tls-cert")
        raise click.UsageError(f"{given} needs {missing} beside it")
    try:
        certificate = server.certificate(settings)
    except Unusable as error:
        raise click.ClickException(str(error)) from error
    # What would keep the store from opening is told here in one line, before there is a server to fail.
    with refusals():
        os.close(lockfile.lock(settings.data))
        with database.transaction(settings.data):
            pass
    server.run(settings, certificate)
