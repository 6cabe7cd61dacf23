"""Policies: the rules of a project, compiled, and what they make of values."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Any, NamedTuple

import msgspec

from logserver.core.faults import NotFound
from logserver.core.redaction import fields, rules
from logserver.core.redaction.rewriting import Rewriting
from logserver.core.redaction.rules import Rule
from logserver.core.redaction.suspicion import Suspicion
from logserver.core.redaction.texts import Texts
from logserver.store.tx import Tx

_REMEMBERED = 32
"""Policies kept compiled. One of 100 patterns may take 200 MB while somebody sends what fills their memory."""

_dialects = msgspec.json.Decoder(list[str]).decode


class Redacted(NamedTuple):
    """What redaction made of a value."""

    value: Any
    """A new JSON value; the given one itself where nothing changed."""
    count: int  # type: ignore[assignment]  # hides a method of tuples that nobody calls on this one
    """How many values and object keys changed."""
    matches: list[tuple[str, str]]
    """Which rules matched where, each pair of dot path and rule id once, in order."""


class Policy:
    """Rules that are on, compiled; ``secret`` keys the hashes. Safe to use from several threads."""

    def __init__(self, rules: Sequence[Rule], secret: bytes) -> None:
        self._rules = [rule for rule in rules if rule.enabled]
        self._secret = secret
        self._own: Policy | None = None
        self._texts = Texts(self._rules, secret)
        self._suspicion = Suspicion(self._rules)
        self._tree = fields.tree(self._rules)

    def redact(self, value: Any, path: str = "", structure: frozenset[str] = frozenset()) -> Redacted:
        """A JSON value without what the rules find in its strings, object keys and long numbers.

        ``path`` is where the value stands in its event: paths of rules and matches begin there. Doing it again
        changes nothing and matches nothing. ``structure`` are paths, with ``*`` for each index, of what an event
        consists of: such a key keeps its name, and where paths go on below it, a rule for it redacts each value in
        its object or array, not the whole.
        """
        suspects = self._suspicion.texts(value)
        if not suspects and self._tree is None and not self._suspicion.of_text(path):
            return Redacted(value, 0, [])
        rewriting = Rewriting(self._texts, self._suspicion, suspects, self._tree, structure)
        new = rewriting.run(value, path)
        pairs = {(change.path, self._rules[rule].id): None for change in rewriting.changes for rule in change.rules}
        return Redacted(new, len(rewriting.changes), list(pairs))

    def own(self) -> "Policy":
        """The policy of the same rules without the built-in ones."""
        if self._own is None:
            self._own = Policy([rule for rule in self._rules if rule.type != "builtin"], self._secret)
        return self._own

    def redact_text(self, text: str) -> str:
        """A text without what the rules find in it."""
        return self._texts.clean(text)[0]

    def matches(self, text: str) -> list[str]:
        """The ids of the rules that find something in a text."""
        found = self._texts.clean(text)[1]
        return [self._rules[index].id for index in sorted(found)]

    def hashed(self, text: str) -> str:
        """The keyed hash of a text, whatever the rules; the same text if it is one."""
        return self._texts.hashed(text)


def defaults(secret: bytes) -> Policy:
    """The policy of what belongs to no project: the built-in rules that are on by default."""
    return Policy(rules.defaults(), secret)


class Policies:
    """The policies of projects, compiled once and again after a change. Safe to use from several threads."""

    def __init__(self, secret: bytes = b"") -> None:
        self.open(secret)
        self._lock = Lock()
        self._known: OrderedDict[int, tuple[object, Policy]] = OrderedDict()

    def open(self, secret: bytes) -> None:
        """Begin to hash under a store's secret, before anything is redacted."""
        self._secret = secret
        self._defaults = defaults(secret)

    def defaults(self) -> Policy:
        """The policy of what belongs to no project (see the function of this name)."""
        return self._defaults

    def of(self, tx: Tx, project: int) -> Policy:
        """The policy of a project as its rules stand in this transaction."""
        # The generation's number would not do: after a rollback it is given to other changes.
        stored = rules.rows(tx, project)
        with self._lock:
            known = self._known.get(project)
            if known is not None and known[0] == stored:
                self._known.move_to_end(project)
                return known[1]
        policy = Policy(rules.decoded(stored), self._secret)
        with self._lock:
            self._known[project] = (stored, policy)
            self._known.move_to_end(project)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return policy

    def made_of(self, rules: Sequence[Rule]) -> Policy:
        """A policy of these rules, which are not remembered: to try them."""
        return Policy(rules, self._secret)

    def covers(self, tx: Tx, project: int, dialect: str) -> bool:
        """Whether a project's rules run on what is sent in a dialect; raises NotFound."""
        row = tx.execute("SELECT redact_dialects FROM projects WHERE number = ?", (project,)).fetchone()
        if row is None:
            raise NotFound(f"there is no project number {project}")
        return dialect in _dialects(row[0])
