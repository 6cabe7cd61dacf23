"""The kinds of audit event a project has seen: which actions, in which categories, by and to which types of things.

There are few of them, so a question about them is answered by looking at the list first: a pattern becomes the
actions that fit it, and what never occurred together is known without a look at any event. The index is asked for
words, which fields of another case have as well, so what it finds is looked at again (Exact).
"""

from typing import Any, NamedTuple

from logserver.store.globs import fitting
from logserver.store.query import Exact, Glob, Node, disjunction
from logserver.store.series import BOUNDS
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx

_VOCABULARY = "audit"
_MOST_ACTIONS = 40
"""Actions that are asked for one by one; more of them are found faster by looking at the events."""

_LONG = "\x1e"
"""Stands for a type of target that is too long to be remembered."""

_MAX_TARGET_TYPE = 40


class Kind(NamedTuple):
    """What an event is, by the fields that have few values; in a question, None for what is not asked."""

    action: str | None
    category: str | None
    actor_type: str | None
    target_type: str | None


_KEYS = Kind("action", "category", "actor.type", "target.type")
NOT_ASKED = Kind(None, None, None, None)


def note(tx: WriteTx, project: int, context: dict[str, Any]) -> None:
    """Remember the kind of an event with the transaction that stores it."""
    target_type = _type_of(context.get("target"))
    spelled = (
        f"{context['action']}\x1f{context['category']}\x1f{_type_of(context.get('actor'))}"
        f"\x1f{target_type if len(target_type) <= _MAX_TARGET_TYPE else _LONG}"
    )
    tx.batch.vocabulary.bounded(tx, project, _VOCABULARY, spelled)


def actions(tx: Tx, project: int) -> list[str]:
    """The actions that a project has seen, as far as they are remembered, by name."""
    rows = tx.execute("SELECT value FROM vocabulary WHERE project = ? AND kind = ?", (project, _VOCABULARY))
    return sorted({value.split("\x1f", 1)[0] for (value,) in rows})


def _type_of(part: Any) -> str:
    value = part.get("type") if isinstance(part, dict) else None
    return value if isinstance(value, str) else ""


def terms(tx: Tx, project: int, asked: Kind) -> list[Node] | None:
    """What to ask of the index for a question; None where no event can be the answer."""
    if asked == NOT_ASKED:
        return []
    rows = tx.execute("SELECT value FROM vocabulary WHERE project = ? AND kind = ?", (project, _VOCABULARY))
    known = [Kind(*value.split("\x1f", 3)) for (value,) in rows]
    if len(known) >= BOUNDS[_VOCABULARY]:
        return looked_at(asked, exact=Exact)
    fits = fitting(asked.action) if asked.action is not None else None
    wanted = [
        kind
        for kind in known
        if (fits is None or fits(kind.action or ""))
        and asked.category in {None, kind.category}
        and asked.actor_type in {None, kind.actor_type}
        and (asked.target_type in {None, kind.target_type} or kind.target_type == _LONG)
    ]
    if not wanted:
        return None
    found: list[Node] = []
    actions = {kind.action for kind in wanted if kind.action is not None}
    if asked.action is not None and len(actions) < len({kind.action for kind in known}):
        few = len(actions) <= _MOST_ACTIONS
        found.append(
            disjunction([Exact("action", name) for name in sorted(actions)]) if few else Glob("action", asked.action)
        )
    others = [kind for kind in known if kind.action in actions or asked.action is None]
    for index in range(1, len(_KEYS)):
        value = asked[index]
        if value is not None and any(kind[index] != value for kind in others):
            found.append(Exact(str(_KEYS[index]), value))
    return found


def looked_at(asked: Kind, *, exact: type[Exact] | type[Glob] = Glob) -> list[Node]:
    """The same question, to be answered by looking at each event; ``exact`` says how what is no pattern is asked."""
    nodes: list[Node] = []
    for key, value in zip(_KEYS, asked, strict=True):
        if value is not None:
            pattern = key == "action" and "*" in value
            nodes.append(Glob(str(key), value) if pattern else exact(str(key), value))
    return nodes
