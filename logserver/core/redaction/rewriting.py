"""A JSON value with what was found taken out: a copy where it changes, the value itself where it does not."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from logserver.core.redaction import fields
from logserver.core.redaction.behaviors import REDACTED
from logserver.core.redaction.fields import Field
from logserver.core.redaction.suspicion import Suspicion, number_text
from logserver.core.redaction.texts import Texts, encoded


class Change(NamedTuple):
    """A value or key that changed: its path as it is now, and the rules' indexes."""

    path: str
    rules: list[int]


class _Place:
    """An object or array on the way down, and what is being made of it."""

    __slots__ = ("children", "fields", "hint", "made", "name", "names", "slot", "value", "wary")

    def __init__(
        self,
        value: Any,
        *,
        slot: Any,
        name: str,
        places: Iterable[Field],
        names: dict[str, str],
        hint: bytes,
        wary: bool,
    ) -> None:
        self.value = value
        self.slot = slot
        self.name = name
        self.fields = places
        self.hint = hint
        self.names = names
        self.wary = wary
        self.made: Any = None
        self.children: Iterator[tuple[Any, Any]] = (
            iter(value.items()) if type(value) is dict else iter(enumerate(value))
        )

    def put(self, slot: Any, child: Any) -> None:
        if self.made is None:
            self.made = self.value.copy()
        self.made[slot] = child

    def result(self) -> Any:
        value = self.value if self.made is None else self.made
        return {self.names.get(key, key): each for key, each in value.items()} if self.names else value


class Rewriting:
    """One walk down a value; never recurses, however deep it is."""

    def __init__(
        self,
        texts: Texts,
        suspicion: Suspicion,
        suspects: frozenset[str],
        tree: Field | None,
        structure: frozenset[str],
    ) -> None:
        self._texts = texts
        self._suspicion = suspicion
        self._suspects = suspects
        self._tree = tree
        self._structure = structure
        self._stack: list[_Place] = []
        self.changes: list[Change] = []

    def run(self, value: Any, path: str) -> Any:
        """The new value; ``path`` is where it stands in its event."""
        parts = path.split(".") if path else []
        places: list[Field] = [self._tree] if self._tree is not None else []
        for part in parts:
            places = fields.step(places, part)
        key = parts[-1] if parts else ""
        # The value is the one child of a place above the root, which has its path and its fields.
        wary = self._suspicion.of_text(key)
        above = _Place([value], slot=None, name=path, places=places, names={}, hint=encoded(key), wary=wary)
        self._stack = [above]
        while self._stack:
            place = self._stack[-1]
            easy = not (place.fields or place.wary)
            for slot, child in place.children:
                # Most leaves are strings about which there is nothing to say.
                if easy and type(child) is str and child not in self._suspects and slot not in self._suspects:
                    continue
                if self._enter(place, slot, child):
                    break
            else:
                self._stack.pop()
                result = place.result()
                if self._stack and result is not place.value:
                    self._stack[-1].put(place.slot, result)
        return above.result()[0]

    def _enter(self, place: _Place, slot: Any, child: Any) -> bool:
        """Deal with a child; True when it is now on the stack, to be walked first."""
        kind = type(child)
        held = (kind is dict or kind is list) and bool(child)
        if not (self._suspects or place.fields or place.wary):
            return False
        named = type(place.value) is dict
        inner = self._inner(place, slot) if place.fields else place.fields
        if inner and child is not None:
            rules = sorted({rule for each in inner for rule in each.rules})
            if rules and isinstance(child, dict | list) and self._consists(self._shape(place, slot)):
                inner = [fields.everything(rules)]
            elif rules:
                new = self._texts.field(child, rules) if kind is str else REDACTED
                if new != child:
                    place.put(slot, new)
                    self.changes.append(Change(self._path(place, slot), rules))
                return False
        if held:
            hint, wary = self._hint(place, slot) if named else (place.hint, place.wary)
            if not (self._suspects or inner or wary):
                return False
            names = self._renamed(place, slot, child) if kind is dict and self._suspects else {}
            name = self._name(place, slot)
            self._stack.append(_Place(child, slot=slot, name=name, places=inner, names=names, hint=hint, wary=wary))
            return True
        if kind is str or kind is int or kind is float:
            self._leaf(place, slot, child, named=named)
        return False

    def _leaf(self, place: _Place, slot: Any, child: Any, *, named: bool) -> None:
        text = child if type(child) is str else number_text(child)
        wary = slot in self._suspects if named else place.wary
        if not text or not (wary or text in self._suspects):
            return
        hint = self._hint(place, slot)[0] if named else place.hint
        clean = self._texts.clean if text is child else self._texts.number
        new, rules = clean(text, hint)
        if rules:
            place.put(slot, new)
            self.changes.append(Change(self._path(place, slot), rules))

    def _renamed(self, above: _Place, slot: Any, value: dict[str, Any]) -> dict[str, str]:
        """The new names of the keys of an object that do not stay; no two keys become one."""
        found: dict[str, tuple[str, list[int]]] = {}
        for key in value:
            if key in self._suspects:
                new, rules = self._texts.clean(key, key=True)
                if rules and self._shape(above, slot, "." + key) not in self._structure:
                    found[key] = (new, rules)
        if not found:
            return {}
        taken = {key for key in value if key not in found}
        names: dict[str, str] = {}
        number = 1
        for key, (new, rules) in found.items():
            name = new
            while name in taken:
                number += 1
                name = f"{REDACTED[:-1]} {number}]"
            taken.add(name)
            names[key] = name
            path = ".".join(part for part in (self._path(above, slot), name) if part)
            self.changes.append(Change(path, rules))
        return names

    def _inner(self, place: _Place, slot: Any) -> Iterable[Field]:
        if len(self._stack) == 1:
            return place.fields
        inner = fields.step(place.fields, str(slot))
        if (name := place.names.get(slot)) is not None:
            inner = list(dict.fromkeys(inner + fields.step(place.fields, name)))
        return inner

    def _hint(self, place: _Place, key: str) -> tuple[bytes, bool]:
        """The names of a key, as it will be first, and whether they may say what stands under it."""
        name = place.names.get(key)
        return encoded(key) if name is None else encoded(f"{name}\n{key}"), key in self._suspects

    def _name(self, place: _Place, slot: Any) -> str:
        if len(self._stack) == 1:
            return place.name
        return place.names.get(slot, slot) if type(place.value) is dict else str(slot)

    def _path(self, place: _Place, slot: Any) -> str:
        parts = [each.name for each in self._stack[1:]]
        parts.append(self._name(place, slot))
        return ".".join(parts if parts[0] else parts[1:])

    def _consists(self, shape: str) -> bool:
        """Whether the structure goes on below a path."""
        return any(path.startswith(f"{shape}.") for path in self._structure)

    def _shape(self, place: _Place, slot: Any, below: str = "") -> str:
        """A path with * for every index, followed by ``below``."""
        names = [each.name for each in self._stack[1:]]
        shape = [
            "*" if type(above.value) is list and number else name
            for number, (above, name) in enumerate(zip(self._stack, [*names, self._name(place, slot)], strict=True))
        ]
        return (".".join(shape if shape[0] else shape[1:]) + below).removeprefix(".")
