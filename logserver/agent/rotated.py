"""Finds what became of a file that was rotated: the other names in its directory."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from logserver.agent.descriptors import Key
from logserver.agent.patterns import compressed_name
from logserver.agent.places import HEAD_BYTES, TAIL_BYTES, Place, fingerprint, head_of
from logserver.agent.probing import regular

_SUFFIX = re.compile(r"[._-]\d[\dTtZz:._-]*", re.ASCII)
"""What is put behind the name of a rotated file: a number or a time."""


class Sibling(NamedTuple):
    """A file whose name says that it was at a path before."""

    path: str
    status: os.stat_result

    @property
    def key(self) -> Key:
        """Its device and inode."""
        return self.status.st_dev, self.status.st_ino


def named(path: str, place: Place) -> str | None:
    """The name a file has now in the directory where it had another one; None where it has none there.

    Another file may have its inode now. Raises OSError where the directory cannot be read: then nobody knows.
    """
    for folder in dict.fromkeys((Path(path).parent, Path(os.path.realpath(path)).parent)):
        with os.scandir(folder) as entries:
            names = [entry.path for entry in entries if entry.inode() == place.inode]
        for name in names:
            status = regular(name)
            if status is not None and (status.st_dev, status.st_ino) == place.key and is_still(name, path, place):
                return name
    return None


def is_still(name: str, path: str, place: Place) -> bool:
    """Whether the file of a name is the one that was followed at a path, its device and inode being the same.

    Of a file that was not read only its name can tell.
    """
    return continues(name, place) if place.offset else os.path.split(name)[1].startswith(os.path.split(path)[1])


def siblings(path: str) -> list[Sibling]:
    """Rotated files of a path that are not compressed, the one that was changed longest ago first."""
    folder, base = os.path.split(path)
    found: list[Sibling] = []
    try:
        with os.scandir(folder) as entries:
            names = [e.path for e in entries if e.name.startswith(base) and _SUFFIX.fullmatch(e.name[len(base) :])]
    except OSError:
        return []
    for name in names:
        status = None if compressed_name(name) else regular(name)
        if status is not None:
            found.append(Sibling(name, status))
    return sorted(found, key=lambda each: (each.status.st_mtime_ns, each.path))


def continues(path: str, place: Place) -> bool:
    """Whether a file begins, and goes up to the offset, as a place remembers it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        return False
    try:
        wanted = min(TAIL_BYTES, place.offset)
        tail = os.pread(descriptor, wanted, place.offset - wanted)
        if len(tail) < wanted or (place.tail and fingerprint(tail) != place.tail):
            return False
        return not place.head or head_of(os.pread(descriptor, HEAD_BYTES, 0), whole=True) == place.head
    except OSError:
        return False
    finally:
        os.close(descriptor)
