"""``logserver demo``: a store to look around in, filled with the month of a small company that does not exist."""

import asyncio
import logging
import secrets
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from logserver.cli.options import data_option
from logserver.cli.refusals import Command
from logserver.core.clock import SystemClock
from logserver.core.people import password_rule
from logserver.store import connections


@click.command(cls=Command)
@data_option
@click.option("--days", type=click.IntRange(1, 90), default=30, show_default=True, help="How far back it goes.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same number makes up the same month.")
@click.option("--password", help="What its people sign in with.  [default: a new one, which is shown]")
def demo(data: Path, days: int, seed: int, password: str | None) -> None:
    """Fill a fresh store with the month of a small company that does not exist.

    It has releases, an incident, cron jobs, an audit trail, traces, metrics and agents, to try the pages with.
    """
    # No other command waits for what these load.
    from logserver.core.people.passwords import Argon2  # noqa: PLC0415 - see above
    from logserver.demo import story  # noqa: PLC0415 - see above
    from logserver.demo.company import PEOPLE  # noqa: PLC0415 - see above

    if (data / connections.FILE).exists():
        raise click.ClickException(f"there is a store in {data} already; name another folder")
    chosen = password or secrets.token_urlsafe(12)
    encoded = Argon2().hash(password_rule.required("password", chosen, ()))
    now_ms = SystemClock().now_ms()
    with _quiet(), click.progressbar(length=days * 24 + 1, label="filling", file=sys.stderr) as bar:
        stored = asyncio.run(
            story.fill(data, now_ms=now_ms, days=days, seed=seed, password=encoded, told=lambda *_: bar.update(1))
        )
    click.echo(
        f"{stored:,} events of {days} days are in {data}\n"
        "look at them with\n"
        f"  logserver serve --data {shlex.quote(str(data))}\n"
        f"and sign in as {PEOPLE[0].email} with the password {chosen}"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """What is told of a month that has passed is no news of this machine."""
    logger = logging.getLogger("logserver")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
