"""A program that writes a log, and a logrotate beside it: what they did, and what must be read of it.

Times of files are set by hand, one after the other, so that what happens within one tick of the system's clock has
an order, too.
"""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

START_NS = 1_700_000_000_000_000_000


@dataclass
class Written:
    """What one file held, from its creation or truncation to its end."""

    path: Path
    lines: list[str] = field(default_factory=list)
    partial: str = ""
    name: Path | None = None
    """Where it is; None once it was deleted."""
    unknown: bool = False
    """Whether it was gone before anybody began to read it: its lines may be missed."""
    late: set[str] = field(default_factory=set)
    """Lines written after it was rotated away: those of its successor may come before them."""
    copied: bool = False
    """Whether it lives on as a copy, or began where another one was cut off: it may be known as two files."""
    reused: bool = False
    """Whether an earlier file had its inode: after a kill nobody can tell which of them came first."""
    torn: bool = False
    """Whether it ended without an end of line."""


class Writer:
    """Writes to files of a folder, and does to them what happens to logs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.all: list[Written] = []
        self.current: dict[str, Written] = {}
        self.rotated: dict[str, Written] = {}
        self._number = 0
        self._time = START_NS
        self._inodes: dict[int, Written] = {}

    def line(self, name: str) -> str:
        """A line that there is once."""
        self._number += 1
        return f"{name} {self._number:06d} {'x' * (self._number * 7 % 41)}"

    def write(self, name: str, count: int, *, crlf: bool = False, partial: bool = False) -> None:
        """Append lines, the last of them perhaps without its end; goes on with one that has none."""
        one = self._opened(name)
        text = ""
        if one.partial:
            one.lines.append(one.partial + "|rest")
            one.partial = ""
            text = "|rest\n"
        for _ in range(count):
            one.lines.append(self.line(name))
            text += one.lines[-1] + ("\r\n" if crlf else "\n")
        if partial:
            one.partial = self.line(name)
            text += one.partial
        self._append(one, text)

    def rotate(self, name: str) -> None:
        """Rename: what is written next makes a new file."""
        one = self.current.pop(name, None)
        if one is None or one.name is None:
            return
        self._ended(one)
        self._number += 1
        one.name = one.name.rename(f"{one.path}.{self._number}")
        self.rotated[name] = one

    def write_late(self, name: str) -> None:
        """A writer that has not noticed the rotation."""
        one = self.rotated.get(name)
        if one is None or one.name is None or one.torn:
            return
        line = self.line(name)
        one.lines.append(line)
        one.late.add(line)
        self._append(one, line + "\n")

    def copy_truncate(self, name: str) -> Written | None:
        """Copy, and cut to nothing; returns what the file held until then."""
        one = self.current.get(name)
        if one is None or one.name is None:
            return None
        self._number += 1
        copy = Path(f"{one.path}.{self._number}")
        shutil.copyfile(one.name, copy)
        self._touch(copy)
        os.truncate(one.name, 0)
        self._touch(one.name)
        self._ended(one)
        following = Written(one.path, name=one.name)
        one.copied = following.copied = True
        self._inodes[one.name.stat().st_ino] = following
        one.reused |= self._inodes.setdefault(copy.stat().st_ino, one) is not one
        one.name = copy
        self.all.append(following)
        self.current[name] = following
        return one

    def delete(self, name: str) -> Written | None:
        """Unlink; what is written next makes a new file."""
        one = self.current.pop(name, None)
        if one is None or one.name is None:
            return None
        self._ended(one)
        one.name.unlink()
        one.name = None
        return one

    def delete_rotated(self, name: str) -> Written | None:
        """What logrotate does to the oldest."""
        one = self.rotated.pop(name, None)
        if one is None or one.name is None:
            return None
        one.name.unlink()
        one.name = None
        return one

    def _opened(self, name: str) -> Written:
        one = self.current.get(name)
        if one is None:
            path = self.folder / name
            one = self.current[name] = Written(path, name=path)
            self.all.append(one)
        return one

    def _ended(self, one: Written) -> None:
        if one.partial:
            one.lines.append(one.partial)
            one.partial = ""
            one.torn = True

    def _append(self, one: Written, text: str) -> None:
        assert one.name is not None
        with one.name.open("ab") as file:
            file.write(text.encode())
            inode = os.fstat(file.fileno()).st_ino
        one.reused |= self._inodes.setdefault(inode, one) is not one
        self._touch(one.name)

    def _touch(self, path: Path) -> None:
        self._time += 1_000_000
        os.utime(path, ns=(self._time, self._time))
