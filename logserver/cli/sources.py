"""Where the shell reads: the store in a folder, or a server that is asked for the same over HTTP."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click
import msgspec
from click.core import ParameterSource

from logserver.cli.disguise import disguise
from logserver.cli.folder import reading
from logserver.cli.options import data_option
from logserver.cli.web_address import WebAddress
from logserver.core import projects
from logserver.core.clock import SystemClock
from logserver.core.projects import SELF_SLUG, Project
from logserver.store import keys
from logserver.store.ids import Spelling
from logserver.store.tx import Tx

if TYPE_CHECKING:
    from logserver.cli.remote import Remote


class Source(Protocol):
    """What can be asked, wherever it is; the answers are those of the read API."""

    def projects(self, named: Sequence[str]) -> list[str]:
        """The slugs of the projects of these names; of none, those that are open but the server's own."""
        ...

    def ask(self, what: str, slug: str, query: Mapping[str, Any], **params: str) -> dict[str, Any]:
        """What a project says; ``what`` is the name of a resource."""
        ...


class Folder:
    """The store in a folder, with a server beside it or without."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def projects(self, named: Sequence[str]) -> list[str]:
        """See Source."""
        with reading(self.folder) as tx:
            if named:
                return [projects.by_slug(tx, slug).slug for slug in named]
            return [each.slug for each in projects.every(tx, archived=False) if not each.system]

    def ask(self, what: str, slug: str, query: Mapping[str, Any], **params: str) -> dict[str, Any]:
        """See Source."""
        # Imported here, so that the other commands do not wait for it to load.
        from logserver.contracts.logister.reads.asking import Asked, builtins  # noqa: PLC0415 - as said above

        function = _reader(what, one=bool(params))
        with reading(self.folder) as tx:
            secret = keys.kept_secret(tx, "spelling") or b""
            asked = Asked(builtins(query), params, SystemClock().now_ms(), Spelling(secret), secret)
            found: dict[str, Any] = msgspec.to_builtins(function(tx, projects.by_slug(tx, slug), asked))
        return found


class Server:
    """A server, by its read API."""

    def __init__(self, remote: "Remote") -> None:
        self.remote = remote

    def projects(self, named: Sequence[str]) -> list[str]:
        """See Source."""
        if named:
            return list(named)
        listed = self.remote.get("projects")["items"]
        slugs = [each["slug"] for each in listed if each["archived_at"] is None]
        return [slug for slug in slugs if slug != SELF_SLUG] or slugs

    def ask(self, what: str, slug: str, query: Mapping[str, Any], **params: str) -> dict[str, Any]:
        """See Source."""
        from logserver.cli.remote import place  # noqa: PLC0415 - as above
        from logserver.contracts.logister.reads.asking import builtins  # noqa: PLC0415 - as above

        found: dict[str, Any] = self.remote.get(place("projects", slug, what, *params.values()), builtins(query))
        return found


def _reader(what: str, *, one: bool) -> Callable[[Tx, Project, Any], Any]:
    from logserver.contracts.logister.reads import groups, monitors, traces  # noqa: PLC0415 - as above

    readers: dict[tuple[str, bool], Callable[[Tx, Project, Any], Any]] = {
        ("monitors", False): monitors.every,
        ("error_groups", False): groups.page,
        ("error_groups", True): groups.one,
        ("traces", False): traces.page,
        ("traces", True): traces.one,
    }
    return readers[what, one]


def source_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--project``, ``--data``, ``--url`` and ``--token``: what is read, and where."""
    token = click.option(
        "--token",
        envvar="LOGSERVER_TOKEN",
        show_envvar=True,
        help="A read token or a project token of that server. Other users of this machine can see what stands on a"
        " command line: the variable is better.",
    )
    url = click.option(
        "--url",
        type=WebAddress(),
        envvar="LOGSERVER_URL",
        show_envvar=True,
        help="Ask the server at this address instead of the folder, such as https://logs.example.com.",
    )
    slugs = click.option(
        "--project",
        "slugs",
        multiple=True,
        help="Of this project; may be repeated.  [default: all but archived ones and the server's own]",
    )
    return slugs(data_option(url(token(command))))


def source_of(data: Path, url: str | None, token: str | None, *, seconds: float = 30.0) -> Folder | Server:
    """The place that the options name: the address, unless a folder was named closer to the command.

    What stands on the command line is closer than a variable; of two variables the folder's counts.
    """
    context = click.get_current_context()
    said = [ParameterSource.DEFAULT, ParameterSource.ENVIRONMENT, ParameterSource.COMMANDLINE]
    of_url, of_data = (said.index(context.get_parameter_source(name) or said[0]) for name in ("url", "data"))
    if url and of_url == of_data == said.index(ParameterSource.COMMANDLINE):
        raise click.UsageError("--url and --data name two places to read; give one of them")
    if not url or (of_data and of_data >= of_url):
        return Folder(data)
    if not token:
        raise click.UsageError("a server is asked with a token: give it with LOGSERVER_TOKEN or --token")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise click.UsageError("the token has characters that no token has")
    disguise({"token"})
    from logserver.cli.remote import Remote  # noqa: PLC0415 - as above

    remote = Remote(url, token, seconds=seconds)
    context.call_on_close(remote.close)
    return Server(remote)
