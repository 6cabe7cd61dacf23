"""The kinds of audit event a project has seen: which actions, in which categories, by which types of actor.

There are few of them, so a question about them is answered by looking at the list first: a pattern becomes the
actions that fit it, and what never occurred together is known without a look at any event. The index is asked for
words, which a field of another spelling ("Action") has as well, so what it finds is looked at again (Exact).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from logserver.store.globs import fitting
from logserver.store.query import Exact, Glob, Node, disjunction
from logserver.store.series import BOUNDS
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx

_VOCABULARY = "audit"
_MOST_ACTIONS = 40
"""Actions that are asked for one by one; more of them are found faster by looking at the events."""


class Kind(NamedTuple):
    """What an event is, by the fields that have few values."""

    action: str
    category: str
    actor_type: str


def note(tx: WriteTx, project: int, context: dict[str, Any]) -> None:
    """Remember the kind of an event with the transaction that stores it."""
    actor = context.get("actor")
    actor_type = actor.get("type") if isinstance(actor, dict) else ""
    spelled = f"{context['action']} {context['category']} {actor_type}"
    tx.batch.vocabulary.bounded(tx, project, _VOCABULARY, spelled)


def terms(
    tx: Tx, project: int, *, action: str | None, category: str | None, actor_type: str | None
) -> list[Node] | None:
    """What to ask of the index for these filters; None where no event can satisfy them."""
    if action is None and category is None and actor_type is None:
        return []
    known = [
        Kind(*value.split(" ", 2))
        for (value,) in tx.execute(
            "SELECT value FROM vocabulary WHERE project = ? AND kind = ?", (project, _VOCABULARY)
        )
    ]
    if len(known) >= BOUNDS[_VOCABULARY]:
        return _plainly(action, category, actor_type)
    fits: Callable[[str], bool] = fitting(action) if action is not None else lambda _: True
    wanted = [
        kind
        for kind in known
        if fits(kind.action) and category in {None, kind.category} and actor_type in {None, kind.actor_type}
    ]
    if not wanted:
        return None
    found: list[Node] = []
    actions = {kind.action for kind in wanted}
    if action is not None and len(actions) < len({kind.action for kind in known}):
        few = len(actions) <= _MOST_ACTIONS
        found.append(
            disjunction([Exact("action", name) for name in sorted(actions)]) if few else Glob("action", action)
        )
    others = [kind for kind in known if kind.action in actions or action is None]
    if category is not None and any(kind.category != category for kind in others):
        found.append(Exact("category", category))
    if actor_type is not None and any(kind.actor_type != actor_type for kind in others):
        found.append(Exact("actor.type", actor_type))
    return found


def _plainly(action: str | None, category: str | None, actor_type: str | None) -> list[Node]:
    """The same where there are more kinds than were remembered."""
    found: list[Node] = []
    if action is not None:
        found.append(Glob("action", action) if "*" in action else Exact("action", action))
    if category is not None:
        found.append(Exact("category", category))
    if actor_type is not None:
        found.append(Exact("actor.type", actor_type))
    return found
