"""``logserver serve``: the server itself."""

import ipaddress
import os
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from logserver.cli.disguise import disguise
from logserver.cli.options import settings_options
from logserver.cli.refusals import refusals
from logserver.core.clock import SystemClock
from logserver.settings import SHORTEST_TOKEN, Settings
from logserver.store import lockfile, migrations, privacy, upgrade


@click.command()
@settings_options
def serve(**values: Any) -> None:
    """Run the server until it is told to stop (SIGTERM or Ctrl-C)."""
    disguise({each.name for each in fields(Settings) if each.metadata["secret"]})
    settings = Settings(**{each.name: values[each.name] for each in fields(Settings)})
    # Imported here, so that the other commands do not wait for a web server to load.
    from logserver import server  # noqa: PLC0415 - as said above
    from logserver.api.certificates import Unusable  # noqa: PLC0415 - as said above

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
    if 0 < len(settings.metrics_token) < SHORTEST_TOKEN:
        raise click.BadParameter(f"it must have {SHORTEST_TOKEN} characters or more", param_hint="--metrics-token")
    # What would keep the store from opening is told here in one line, before there is a server to fail.
    with refusals():
        os.umask(0o077)  # whatever is written from here on is for its owner only
        for mended in privacy.keep(settings.data):
            click.echo(mended, err=True)
        _prepare(settings)
        server.run(settings, certificate)


def _prepare(settings: Settings) -> None:
    """Make the store, or bring it up to date, while no other server can have it."""
    folder = settings.data
    lock = lockfile.lock(folder)
    try:
        schema = upgrade.outdated(folder)
        if schema is None:
            upgrade.upgrade(folder)
            return
        click.echo(f"the store has schema {schema} of {migrations.newest()} and is brought up to date", err=True)
        if not settings.backup_before_upgrade:
            upgrade.upgrade(folder)
            return
        copy = Path(settings.backup_before_upgrade) / upgrade.copy_name(schema, SystemClock().now_ms())
        with click.progressbar(length=1, label="copying it first", file=sys.stderr) as bar:

            def progress(done: int, total: int) -> None:
                bar.length = total
                bar.update(done - bar.pos)

            upgrade.upgrade(folder, copy=copy, progress=progress)
        click.echo(f"as it was it is in {copy}", err=True)
    finally:
        os.close(lock)
