"""Remembers how far files were read that are followed no more, should they come back."""

import os
from collections.abc import Iterable

from logserver.agent import rotated
from logserver.agent.descriptors import Key
from logserver.agent.places import MAX_GONE, Place


class Gone:
    """The last MAX_GONE of them."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._places = {place.key: place for place in places}

    def places(self) -> list[Place]:
        """Their places, the one that went last behind."""
        return list(self._places.values())

    def keep(self, place: Place, *, deleted: bool) -> None:
        """Remember a place. Of a deleted file only that its inode may come back as another one with this beginning."""
        self._places.pop(place.key, None)
        self._places[place.key] = place.successor() if deleted else place
        while len(self._places) > MAX_GONE:
            del self._places[next(iter(self._places))]

    def back(self, path: str, where: str, key: Key) -> Place:
        """The place of a file that is to be followed under a path and lies somewhere: its old one if it is the same."""
        place = self._places.pop(key, None)
        if place is None:
            return Place(os.fsencode(path), *key)
        if place.offset and not rotated.continues(where, place):
            place = place.successor()
        place.path = os.fsencode(path)
        return place
