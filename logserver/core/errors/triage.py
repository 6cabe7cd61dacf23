"""What people decide about many error groups of a project at once, and who may be asked to look after one."""

from collections.abc import Sequence

from logserver.core.errors.groups import Status
from logserver.core.faults import Invalid
from logserver.core.people import accounts, members
from logserver.core.people.accounts import User
from logserver.core.projects import Project
from logserver.store.tx import Tx

MOST_AT_ONCE = 500
"""Groups that one request may change."""

STATUSES: tuple[Status, ...] = ("unresolved", "resolved", "ignored", "archived")


def set_status(tx: Tx, project: Project, keys: Sequence[bytes], status: str, now_ms: int) -> int:
    """Resolve, ignore, archive or reopen those groups of a project that are not so yet; returns how many those are.

    Keys that are no groups of the project are passed over. Raises Invalid for a status there is not, and for more
    than 500 keys.
    """
    if status not in STATUSES:
        raise Invalid([("status", f"is one of {', '.join(STATUSES)}")])
    _require_bounded(keys)
    return tx.execute(
        f"UPDATE error_groups SET status = ?, status_at = ? WHERE id IN ({_marks(keys)}) AND project = ?"
        " AND status != ?",
        (status, now_ms, *keys, project.number, status),
    ).rowcount


def assign(tx: Tx, project: Project, keys: Sequence[bytes], assignee: str) -> int:
    """Say who (an e-mail address) looks after groups of a project, or with none that nobody does; returns how many.

    Raises Invalid for somebody who cannot see the project, and for more than 500 keys.
    """
    _require_bounded(keys)
    address = assignee.strip().lower()
    if address and address not in {user.email for user in assignable(tx, project)}:
        raise Invalid([("assignee", "is nobody who can see this project")])
    return tx.execute(
        f"UPDATE error_groups SET assignee = ? WHERE id IN ({_marks(keys)}) AND project = ?",
        (address or None, *keys, project.number),
    ).rowcount


def assignable(tx: Tx, project: Project) -> list[User]:
    """Who may look after an error of a project: its owners and members and the admins that are let in, by address."""
    inside = {member.user.number for member in members.every(tx, project)}
    return [
        user
        for user in accounts.every(tx)
        if user.disabled_at is None and (user.role == "admin" or user.number in inside)
    ]


def _require_bounded(keys: Sequence[bytes]) -> None:
    if len(keys) > MOST_AT_ONCE:
        raise Invalid([("groups", f"are at most {MOST_AT_ONCE} at once")])


def _marks(keys: Sequence[bytes]) -> str:
    return ", ".join("?" * len(keys))
