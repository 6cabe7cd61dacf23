"""Which files patterns find.

As a shell: ``*``, ``?`` and ``[a-z]`` within a name, ``**`` for any number of directories, hidden names only where
the pattern says the dot. ``**`` does not follow symbolic links to directories, so that no loop is endless. A
pattern that is itself the name of a file is that file, whatever signs are in it.
"""

import fnmatch
import logging
import os
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

logger = logging.getLogger("logserver.agent")

MAX_FILES = 10_000
"""Files that are followed; further ones are left alone."""
MAX_ENTRIES = 200_000
"""Directory entries that one search looks at."""

_COMPRESSED = (".gz", ".xz", ".bz2", ".zst", ".lz4", ".lzma", ".Z", ".zip", ".tgz")
_MAGIC = re.compile(
    rb"\x1f\x8b[\x08\x00]|\xfd7zXZ\x00|BZh[1-9]1AY&SY|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18|\x1f\x9d|PK\x03\x04"
)
_SIGNS = re.compile(r"[*?\[]")


class Found(NamedTuple):
    """A path and the pattern that found it."""

    path: str
    pattern: str


class _Rule(NamedTuple):
    part: str
    name: re.Pattern[str] | None
    """None where the part has no signs."""


def _rule(part: str) -> _Rule:
    return _Rule(part, re.compile(fnmatch.translate(part)) if _SIGNS.search(part) else None)


def compressed_name(path: str) -> bool:
    """Whether a file's name says that it is compressed."""
    return path.endswith(_COMPRESSED)


def compressed_bytes(beginning: bytes) -> bool:
    """Whether a file begins as compressed ones do."""
    return _MAGIC.match(beginning) is not None


class Patterns:
    """Finds paths."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = list(dict.fromkeys(map(_full, patterns)))
        self.entries = 0
        """Directory entries that the last search looked at."""
        self._told = False

    def find(self) -> list[Found]:
        """Every path once, in the order of the patterns and then of names; compressed files are left out."""
        self.entries = 0
        found: dict[str, str] = {}
        for pattern in self.patterns:
            paths = [pattern] if os.path.lexists(pattern) else []
            if _SIGNS.search(pattern):
                paths += sorted(self._walk(pattern))
            for path in paths:
                if not compressed_name(path):
                    found.setdefault(path, pattern)
        if (len(found) > MAX_FILES or self.entries > MAX_ENTRIES) and not self._told:
            self._told = True
            logger.warning("more files than %d, or too many directories: the rest is not followed", MAX_FILES)
        return [Found(path, pattern) for path, pattern in list(found.items())[:MAX_FILES]]

    def _walk(self, pattern: str) -> Iterator[str]:
        parts = [part for part in pattern.split("/") if part]
        if parts[-1] == "**":
            parts.append("*")
        rules = [_rule(part) for part in parts]
        waiting = [("/", 0)]
        while waiting and self.entries <= MAX_ENTRIES:
            folder, index = waiting.pop()
            for path, behind in self._step(folder, rules, index):
                if behind == len(rules):
                    yield path
                else:
                    waiting.append((path, behind))

    def _step(self, folder: str, rules: list[_Rule], index: int) -> Iterator[tuple[str, int]]:
        """What one part of a pattern leads to: paths, and the index of the part that is next."""
        part, name, last = *rules[index], index == len(rules) - 1
        if name is None:
            path = f"{folder.rstrip('/')}/{part}"
            if not last or os.path.lexists(path):
                yield path, index + 1
            return
        if part == "**":
            yield folder, index + 1
        for entry in self._listed(folder):
            if entry.name.startswith(".") and not part.startswith("."):
                continue
            if part == "**":
                if _is_directory(entry, follow=False):
                    yield entry.path, index
            elif name.match(entry.name) and (last or _is_directory(entry, follow=True)):
                yield entry.path, index + 1

    def _listed(self, folder: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    self.entries += 1
                    if self.entries > MAX_ENTRIES:
                        return
                    yield entry
        except OSError:  # not there, no directory, not ours to read: nothing is found in it
            return


def _is_directory(entry: os.DirEntry[str], *, follow: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:
        return False


def _full(pattern: str) -> str:
    return os.path.abspath(pattern)  # noqa: PTH100 - resolve() would follow symbolic links, which is for later
