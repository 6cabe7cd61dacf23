"""``logserver user``: make people, let them set their passwords, keep them out, and say who is an admin."""

from pathlib import Path
from typing import Any

import click

from logserver.cli.folder import changing, making, reading
from logserver.cli.options import data_option, json_option
from logserver.cli.output import json_text, note, plain, table
from logserver.cli.refusals import Group
from logserver.cli.times import iso
from logserver.cli.web_address import WebAddress
from logserver.core.clock import SystemClock
from logserver.core.faults import Conflict
from logserver.core.people import accounts, links
from logserver.core.people.accounts import User
from logserver.core.people.links import Link
from logserver.settings import Settings

_ORGANIZATION = "My organization"

_url_option = click.option(
    "--public-url",
    "address",
    type=WebAddress(),
    default=f"http://localhost:{Settings.port}",
    show_default=True,
    envvar=["LOGSERVER_PUBLIC_URL"],
    show_envvar=True,
    help="Address under which people reach the server; the link begins with it.",
)


@click.group(cls=Group)
def user() -> None:
    """Make people, let them set their passwords, keep them out, and say who is an admin."""


@user.command()
@click.argument("email")
@click.option("--name", help="Name to show.  [default: what stands before the @]")
@click.option(
    "--role",
    type=click.Choice(accounts.ROLES),
    help="admin: changes things. member: reads and streams.  [default: member; admin while there is none]",
)
@click.option(
    "--organization",
    default=_ORGANIZATION,
    show_default=True,
    help="What to call the organization, where the first user makes it.",
)
@_url_option
@data_option
@json_option
def create(
    data: Path,
    email: str,
    *,
    name: str | None,
    role: accounts.Role | None,
    organization: str,
    address: str,
    as_json: bool,
) -> None:
    """Make a user with the e-mail address EMAIL.

    Prints a link to set the password: it works once, for three days, and it alone is on standard output. Whoever has
    no browser at hand sends the token of the link to POST /api/v1/auth/reset-password.
    """
    now = SystemClock().now_ms()
    with making(data) as tx:
        chosen = role or ("member" if accounts.has_admin(tx) else "admin")
        called = name if name is not None else email.partition("@")[0]
        made = accounts.create(tx, email=email, name=called, role=chosen, now_ms=now)
        accounts.ensure_organization(tx, organization, now)
        link = links.issue(tx, made.number, now, links.INVITE_MS)
    _show_link(made, link, f"made {made.role} {plain(made.email)}", address, as_json=as_json)


@user.command("list")
@data_option
@json_option
def list_(data: Path, *, as_json: bool) -> None:
    """List people by e-mail address.

    Invited are those who have not set a password yet. Roles are those that are stored: whoever is named by the
    server's setting admin_emails is an admin all the same.
    """
    with reading(data) as tx:
        found = accounts.every(tx)
    if as_json:
        json_text([spelled(each) for each in found])
        return
    table(
        ("EMAIL", "NAME", "ROLE", "STATE", "CREATED", "LAST LOGIN", "ID"),
        [
            (
                each.email,
                each.name,
                each.role,
                state(each),
                iso(each.created_at) or "",
                iso(each.last_login_at) or "never",
                each.uuid,
            )
            for each in found
        ],
    )


@user.command("reset-password")
@click.argument("email")
@_url_option
@data_option
@json_option
def reset_password(data: Path, email: str, *, address: str, as_json: bool) -> None:
    """Print a link with which the user EMAIL sets a new password.

    It works once, for an hour, and it alone is on standard output. Nothing changes until it is used; then every
    session of the user ends. Whoever has no browser at hand sends the token of the link to
    POST /api/v1/auth/reset-password.
    """
    with changing(data) as tx:
        found = accounts.by_email(tx, email)
        if found.disabled_at is not None:
            raise Conflict("this user is disabled; enable it first")
        link = links.issue(tx, found.number, SystemClock().now_ms())
    _show_link(found, link, f"a link for {plain(found.email)}", address, as_json=as_json)


@user.command()
@click.argument("email")
@data_option
@json_option
def disable(data: Path, email: str, *, as_json: bool) -> None:
    """Keep the user EMAIL out: sessions and links end at once."""
    with changing(data) as tx:
        changed = accounts.disable(tx, accounts.by_email(tx, email), SystemClock().now_ms())
    _show(changed, f"disabled {plain(changed.email)}; every session has ended", as_json=as_json)


@user.command()
@click.argument("email")
@data_option
@json_option
def enable(data: Path, email: str, *, as_json: bool) -> None:
    """Let the user EMAIL in again, with the password of before."""
    with changing(data) as tx:
        changed = accounts.enable(tx, accounts.by_email(tx, email))
    _show(changed, f"enabled {plain(changed.email)}", as_json=as_json)


@user.command("role")
@click.argument("email")
@click.argument("new_role", metavar="ROLE", type=click.Choice(accounts.ROLES))
@data_option
@json_option
def role_(data: Path, email: str, new_role: accounts.Role, *, as_json: bool) -> None:
    """Make the user EMAIL an admin or a member: ROLE holds at once."""
    with changing(data) as tx:
        changed = accounts.set_role(tx, accounts.by_email(tx, email), new_role)
    _show(changed, f"{plain(changed.email)} has the role {changed.role}", as_json=as_json)


def state(user: User) -> str:
    """Whether a user is active, disabled, or invited: without a password so far."""
    if user.disabled_at is not None:
        return "disabled"
    return "active" if user.has_password else "invited"


def spelled(user: User) -> dict[str, Any]:
    """A user as JSON lists it."""
    return {
        "id": user.uuid,
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "state": state(user),
        "created_at": iso(user.created_at),
        "disabled_at": iso(user.disabled_at),
        "last_login_at": iso(user.last_login_at),
    }


def _show(user: User, message: str, *, as_json: bool) -> None:
    if as_json:
        json_text(spelled(user))
    else:
        note(message)


def _show_link(user: User, link: Link, message: str, address: str, *, as_json: bool) -> None:
    url, until = links.reset_url(address, link.token), iso(link.expires_at)
    if as_json:
        json_text(spelled(user) | {"link": url, "token": link.token, "expires_at": until})
        return
    note(f"{message}; the link sets the password, once, until {until}. Without a browser:")
    note(
        f"  curl {address.rstrip('/')}/api/v1/auth/reset-password"
        """ -d '{"token": "(what stands behind token=)", "new_password": "(ten characters or more)"}'"""
    )
    click.echo(url)
