"""The enabled rules of a project, sorted out so that an action finds those that concern it at once."""

from collections.abc import Iterable

from logserver.core.alerting.alert_bounds import GROUPINGS
from logserver.core.alerting.alert_rules import IP_CHANGE, Rule
from logserver.store.globs import fitting

MOST_ACTIONS = 2_000
"""How many actions of a project are known at once, and how many kinds of them."""


class Watch:
    """An enabled rule, ready to be counted for."""

    __slots__ = ("addresses", "bit", "cooldown_ms", "kinds", "matches", "rule", "threshold", "window_ms")

    def __init__(self, rule: Rule, number: int) -> None:
        self.rule = rule
        self.bit = 1 << number
        self.matches = fitting(rule.action_pattern)
        self.threshold = rule.threshold
        self.window_ms = rule.window_seconds * 1000
        self.cooldown_ms = rule.cooldown_seconds * 1000
        self.addresses = rule.id == IP_CHANGE
        self.kinds: list[Kind] | None = []
        """Every kind it belongs to; None where there have been too many to say."""


class Kind:
    """The actions that the same rules of one grouping match; ``watches`` by threshold, the lowest first."""

    __slots__ = ("addresses", "by_tenant", "mask", "watches")

    def __init__(self, watches: tuple[Watch, ...], *, by_tenant: bool) -> None:
        self.watches = sorted(watches, key=lambda watch: watch.threshold)
        self.by_tenant = by_tenant
        self.mask = sum(watch.bit for watch in watches)
        self.addresses = any(watch.addresses for watch in watches)


class Watches:
    """The enabled rules of a project for audit events, and which of them an action concerns."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = [rule for rule in rules if rule.enabled and rule.group_by in GROUPINGS]
        self.longest_ms = max((rule.window_seconds * 1000 for rule in self.rules), default=0)
        self._watches = [Watch(rule, number) for number, rule in enumerate(self.rules)]
        self._kinds: dict[tuple[Watch, ...], Kind] = {}
        self.known: dict[str, tuple[Kind, ...]] = {}
        """What kinds() has answered, for those who ask for every event."""

    def kinds(self, action: str) -> tuple[Kind, ...]:
        """The kinds an action is of: one for actors, one for tenants, or neither."""
        found = self.known.get(action)
        if found is not None:
            return found
        if len(self.known) >= MOST_ACTIONS:
            self.known.clear()
        if len(self._kinds) >= MOST_ACTIONS:
            self._kinds.clear()
            for watch in self._watches:
                watch.kinds = None
        kinds = []
        matching = [watch for watch in self._watches if watch.matches(action)]
        for grouping in GROUPINGS:
            key = tuple(watch for watch in matching if watch.rule.group_by == grouping)
            if key:
                kind = self._kinds.get(key)
                if kind is None:
                    kind = self._kinds[key] = Kind(key, by_tenant=grouping == "tenant_id")
                    for watch in key:
                        if watch.kinds is not None:
                            watch.kinds.append(kind)
                kinds.append(kind)
        found = self.known[action] = tuple(kinds)
        return found
