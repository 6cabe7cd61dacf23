"""``logserver verify``: whether a server takes what is sent to it, and finds it again."""

import secrets
from collections.abc import Iterator
from typing import NamedTuple

import click
import msgspec

from logserver.cli.output import json_line, plain
from logserver.cli.refusals import Command
from logserver.cli.web_address import WebAddress
from logserver.core.clock import SystemClock

_COLOURS = {"ok": "green", "failed": "red", "skipped": "yellow"}
_NOT_ALLOWED = (401, 403)
_SERVER = "server"
"""The step that sends nothing."""


class Step(NamedTuple):
    """How one step went: ok, failed, or skipped because the token may not."""

    name: str
    state: str
    detail: str


@click.command(cls=Command)
@click.argument("url", type=WebAddress(), envvar="LOGSERVER_URL")
@click.argument("token", envvar="LOGSERVER_TOKEN")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, for programs.")
def verify(*, url: str, token: str, as_json: bool) -> None:
    """Send one record of each type to the server at URL with a project's TOKEN, and find each again.

    What the token may not send or read is left out, and said. Everything sent stays in the project, in the
    environment `verify`. Other users of this machine can see what stands on a command line: LOGSERVER_URL and
    LOGSERVER_TOKEN say the same. Ends with 1 where a step has failed, or nothing could be sent.
    """
    if not token.isascii() or not token.isprintable() or " " in token:
        raise click.UsageError("the token has characters that no token has")
    failed = sent = 0
    for step in _steps(url, token):
        failed += step.state == "failed"
        sent += step.state == "ok" and step.name != _SERVER
        if as_json:
            json_line(step._asdict())
        else:
            click.echo(f"{click.style(f'{step.state:8}', fg=_COLOURS[step.state])}{step.name:15} {plain(step.detail)}")
    if failed:
        raise click.ClickException(f"{failed} of the steps failed")
    if not sent:
        raise click.ClickException("the token may send none of this")


def _steps(url: str, token: str) -> Iterator[Step]:
    # Imported here, so that the other commands do not wait for it to load.
    from logserver.cli.proofs import Proof, Reader, proofs, taken  # noqa: PLC0415 - as said above
    from logserver.cli.remote import Refused, Remote, Unreachable  # noqa: PLC0415 - as said above

    clock, remote = SystemClock(), Remote(url, token)
    click.get_current_context().call_on_close(remote.close)
    mark = secrets.token_hex(6)
    reader: Reader | None = None
    try:
        session = remote.get("session")
        who = f"a {session['token']['kind']} token"
        listed = [session["project"]] if session["project"] is not None else remote.get("projects")["items"]
        if len(listed) == 1:
            reader = Reader(remote, listed[0]["slug"], mark)
            who += f" of project {listed[0]['slug']}"
        yield Step(_SERVER, "ok", f"it answers; this is {who}")
    except Refused as refused:
        allowed = refused.status not in _NOT_ALLOWED
        yield Step(_SERVER, "failed" if allowed else "skipped", refused.message)

    def prove(proof: Proof) -> Step:
        begun = clock.monotonic()
        sent = remote.send("POST", proof.path, msgspec.json.encode(proof.body), {"Content-Type": "application/json"})
        if (refused := taken(sent)) is not None:
            return Step(proof.name, "skipped" if sent.status in _NOT_ALLOWED else "failed", refused)
        took = f"{(clock.monotonic() - begun) * 1_000:.0f} ms"
        if reader is None:
            return Step(proof.name, "ok", f"taken in {took}; this token cannot look for it")
        try:
            wrong = proof.find(reader, sent.value)
        except Refused as no:
            return Step(proof.name, "failed", f"it was taken, but looked for in vain: {no.message}")
        except (KeyError, TypeError, IndexError):
            return Step(proof.name, "failed", "it was taken, but the answer is none of a logserver")
        return Step(proof.name, "failed" if wrong else "ok", wrong or f"taken in {took}, and found")

    for proof in proofs(clock, mark):
        try:
            yield prove(proof)
        except Unreachable as away:
            yield Step(proof.name, "failed", away.message)
