"""Dot paths as a tree, walked beside a value."""

from collections.abc import Iterable, Sequence

from logserver.core.redaction.rules import Rule


class Field:
    """A place in the tree: where to go from here by key or index, and the rules whose path ends here."""

    __slots__ = ("any", "named", "rules")

    def __init__(self) -> None:
        self.named: dict[str, Field] = {}
        self.any: Field | None = None
        self.rules: set[int] = set()


def tree(rules: Sequence[Rule]) -> Field | None:
    """The tree of the paths of all rules; None where none has any."""
    root = Field()
    for index, rule in enumerate(rules):
        for path in rule.fields:
            place = root
            for part in path.split("."):
                if part == "*":
                    place.any = place.any or Field()
                    place = place.any
                else:
                    place = place.named.setdefault(part, Field())
            place.rules.add(index)
    return root if root.named or root.any else None


def everything(rules: Iterable[int]) -> Field:
    """A place below which everything is its rules'."""
    place = Field()
    place.any = place
    place.rules.update(rules)
    return place


def step(places: Iterable[Field], name: str) -> list[Field]:
    """Where a key or index leads; a key with dots inside leads where its parts do, too."""
    found = _step(places, name)
    if "." in name:
        inner = list(places)
        for part in name.split("."):
            inner = _step(inner, part)
        found = list(dict.fromkeys(found + inner))
    return found


def _step(places: Iterable[Field], name: str) -> list[Field]:
    found = []
    for place in places:
        if (named := place.named.get(name)) is not None:
            found.append(named)
        if place.any is not None:
            found.append(place.any)
    return found
