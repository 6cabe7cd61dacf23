"""``logserver agent``: follows files at the edge, counts what they say, and tells a server."""

import asyncio
import glob
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from logserver import __version__
from logserver.cli.disguise import disguise
from logserver.cli.refusals import Command

if TYPE_CHECKING:
    from logserver.agent.agent import Agent, Options

logger = logging.getLogger("logserver.agent")

LAST_MOMENT = 4.8
"""Seconds after the signal to stop when the process ends, whatever it still waits for; its state is on disk."""


def _option(name: str, variable: str, **values: Any) -> Callable[[Any], Any]:
    return click.option(name, envvar=f"LOGSERVER_AGENT_{variable}", show_envvar=True, **values)


def _interval(name: str, default: float, meaning: str) -> Callable[[Any], Any]:
    variable = f"{name.upper()}_INTERVAL"
    kind = click.FloatRange(0.1, 3_600)
    return _option(f"--{name}-interval", variable, type=kind, default=default, show_default=True, help=meaning)


@click.command(cls=Command)
@click.argument("sources", nargs=-1, metavar="[-|GLOB]...")
@_option("--server", "SERVER", required=True, help="Address of the server, such as https://logs.example.com.")
@_option(
    "--key",
    "KEY",
    help="The edge key. Other users of this machine can see what stands on a command line: the variable and"
    " --key-file are better.",
)
@_option(
    "--key-file", "KEY_FILE", type=click.Path(dir_okay=False, path_type=Path), help="File that holds the edge key."
)
@_option(
    "--follow",
    "FOLLOW",
    multiple=True,
    metavar="GLOB",
    help="Files to follow, such as '/var/log/nginx/*.log'; may be given several times. In the variable they are"
    " separated by spaces.",
)
@_option("--stdin", "STDIN", is_flag=True, help="Read standard input as well; - says the same.")
@_option("--name", "NAME", help="What the agent is called.  [default: the name of the host]")
@_option(
    "--label", "LABEL", multiple=True, metavar="KEY=VALUE", help="A label of the agent; may be given several times."
)
@_option(
    "--state",
    "STATE",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of its state, one for each agent.  [default: /var/lib/logserver-agent for root, else in the user's"
    " state folder]",
)
@_option("--ship", "SHIP", is_flag=True, help="Send every line into the project of the key, not only metrics.")
@_option(
    "--from-start",
    "FROM_START",
    is_flag=True,
    help="Begin files that are there at the first start at their beginning, not at their end.",
)
@_interval("heartbeat", 30, "Seconds between two signs of life.")
@_interval("metrics", 60, "Seconds over which values are summed up before they are sent.")
@_interval("poll", 60, "Seconds between two questions for the metric rules.")
@_option(
    "--spool-megabytes",
    "SPOOL_MEGABYTES",
    type=click.IntRange(1),
    default=1_000,
    show_default=True,
    help="What shipped lines may take on disk while the server is away; beyond it the oldest are dropped and counted.",
)
@_option(
    "--ca-file",
    "CA_FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificates of authorities to trust instead of the system's.",
)
@_option(
    "--log-level",
    "LOG_LEVEL",
    type=click.Choice(("debug", "info", "warning", "error")),
    default="info",
    show_default=True,
    help="How much the agent says.",
)
def agent(**values: Any) -> None:
    """Follow files at the edge, count what they say, and tell a server.

    The metric rules come from the server; lines leave this machine only while somebody watches them, or with
    --ship. Files are followed through rotation and truncation. Standard input, where it is the only source, ends
    the agent with its end, once all of it is sent; with 1 where the server takes nothing for half a minute.

    What it guarantees: how far a file was read, what was counted of it and which batches were made of it are
    written to the state together, before anything of it is sent. So after a crash or SIGKILL nothing is counted
    twice, and nothing is lost but lines of standard input, or of files deleted meanwhile, that were read in the last
    second (ten seconds for shipped lines while the server is away). While the server is away, metrics wait on disk
    for 72 hours in at most 256 MB, and shipped lines in at most --spool-megabytes; beyond that the oldest are
    dropped first and counted. Shipped lines carry ids: one that is sent twice is stored once. While the server takes
    lines slower than they come, reading pauses.

    SIGTERM and Ctrl-C: what is held is sent, and the agent ends with 0 within five seconds; a second signal ends it
    at once. What could not be sent waits in the state for the next start.
    """
    disguise({"key"})
    # Imported here, so that the other commands do not wait for it to load.
    from logserver.agent.agent import Agent  # noqa: PLC0415 - as said above
    from logserver.agent.folder import InUse  # noqa: PLC0415 - as said above
    from logserver.cli.agent_options import read, trusted  # noqa: PLC0415 - as said above
    from logserver.core.clock import SystemClock  # noqa: PLC0415 - as said above

    options, with_stdin = read(values)
    if with_stdin and sys.stdin is None:
        raise click.UsageError("standard input is closed")
    _listen_to(values["log_level"])
    trust = trusted(values["ca_file"])
    try:
        made = Agent(options, SystemClock(), stdin=sys.stdin.buffer if with_stdin else None, trust=trust)
    except InUse as error:
        raise click.ClickException(str(error)) from error
    _tell(options, with_stdin=with_stdin)
    if untaken := asyncio.run(_run(made)):
        raise click.ClickException(untaken)


def _listen_to(level: str) -> None:
    """Log to standard error, in the form of the server."""
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(
        stream=sys.stderr,
        # At lower levels libraries quote what they send, and the key is part of it.
        level=max(number, logging.WARNING),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    logging.getLogger("logserver").setLevel(number)


def _tell(options: "Options", *, with_stdin: bool) -> None:
    logger.info(
        "logserver agent %s, called %s, tells %s; its state is in %s",
        __version__,
        options.own.name,
        options.address.url(""),
        options.state,
    )
    for pattern in options.patterns:
        if Path(pattern).is_dir():
            logger.warning(
                "%s is a folder, of which nothing is followed; name its files, as in %s/*.log", pattern, pattern
            )
            continue
        found = next(glob.iglob(pattern, recursive=True), None)  # noqa: PTH207 - pathlib has no glob of absolute paths
        logger.info("follows %s%s", pattern, "" if found else ", of which nothing is there yet")
    if with_stdin:
        logger.info("reads standard input")
    if options.address.exposed():
        logger.warning("the key and all lines travel in plain text; an https address is safer")


async def _run(made: "Agent") -> str:
    """Run the agent until it ends or is told to: once for good order, twice for at once; what was not taken."""
    loop = asyncio.get_running_loop()
    told: list[int] = []

    def stop(number: int) -> None:
        if told:
            os._exit(128 + number)
        told.append(number)
        guard = threading.Timer(LAST_MOMENT, os._exit, [0])
        guard.daemon = True
        guard.start()
        made.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    return await made.run()
