"""What a process gives its disk, call by call, and what may be there after the power went at any moment.

The calls are recorded by strace. Between two of them the power is cut: what was synced is there; of everything
else any part may be, down to single sectors and in any order, for a disk keeps no order but that of syncs. Names in a
folder are kept in their order, as the journal of a file system keeps them, but none for sure before the folder is
synced.
"""

import os
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Thread
from typing import NamedTuple

SECTOR = 512
_CALLS = (
    "openat,write,pwrite64,ftruncate,fallocate,fsync,fdatasync"
    ",rename,renameat,renameat2,unlink,unlinkat,link,linkat,sendto"
)
_LONGEST = 1_000_000
_OPTIONS = ("-D", "-f", "-y", "-xx", "-s", str(_LONGEST), "--seccomp-bpf", "-e", f"trace={_CALLS}")
_LINE = re.compile(rb"(\d+) +(?:(\w+)\((.*)|<\.\.\. (\w+) resumed>(.*))", re.DOTALL)
_UNFINISHED = b" <unfinished ...>"
_RESULT = re.compile(rb"\) += (-?\d+)[^\"]*$")
_STRING = re.compile(rb"\"((?:\\x[0-9a-f]{2})*)\"")
_OPENED = re.compile(rb"\d+<((?:\\x[0-9a-f]{2})*)>")


class Call(NamedTuple):
    """A call that has ended; ``name`` is ``answer`` of what was said to a peer, at the moment that was begun."""

    name: str
    paths: tuple[str, ...]
    data: bytes = b""
    number: int = 0
    """The offset of a write (-1: the end), or the new size."""
    flags: bytes = b""


@cache
def missing() -> str | None:
    """Why calls cannot be recorded here; None where they can."""
    if shutil.which("strace") is None:
        return "needs strace, which apt-get installs"
    probe = subprocess.run(["strace", *_OPTIONS, "-o", os.devnull, "true"], capture_output=True, check=False)
    return None if probe.returncode == 0 else "strace may not trace here"


class Recording:
    """The calls of one process, in the order in which they ended."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    @contextmanager
    def of(self, program: Sequence[str]) -> Iterator[Sequence[str]]:
        """A program that does the same and is recorded; it must have ended with the block."""
        with tempfile.TemporaryDirectory() as folder:
            pipe = Path(folder) / "calls"
            os.mkfifo(pipe)
            reader = Thread(target=self._read, args=(pipe,), daemon=True)
            reader.start()
            yield ("strace", *_OPTIONS, "-o", str(pipe), *program)
            reader.join()

    def _read(self, pipe: Path) -> None:
        begun: dict[bytes, bytes] = {}
        with pipe.open("rb") as lines:
            for line in lines:
                match = _LINE.match(line.rstrip(b"\n"))
                if match is None:
                    continue
                thread, name, rest, _, resumed = match.groups()
                if name is not None and (answer := _answer(name, rest)) is not None:
                    self.calls.append(answer)
                elif name is not None and rest.endswith(_UNFINISHED):
                    begun[thread] = name + b"(" + rest.removesuffix(_UNFINISHED)
                else:
                    if name is None:
                        name, _, before = begun.pop(thread, b"(").partition(b"(")
                        rest = before + resumed
                    self._ended(name, rest)

    def _ended(self, name: bytes, rest: bytes) -> None:
        result = _RESULT.search(rest)
        if result is None or int(result[1]) < 0:
            return
        arguments = rest[: result.start()]
        strings = [_bytes(text) for text in _STRING.findall(arguments)]
        opened = [_bytes(text).decode(errors="replace") for text in _OPENED.findall(arguments)]
        if name == b"openat":
            self.calls.append(Call("open", (strings[0].decode(errors="replace"),), flags=arguments))
        elif name in {b"write", b"pwrite64"}:
            offset = int(arguments.rpartition(b", ")[2]) if name == b"pwrite64" else -1
            self.calls.append(Call("write", (opened[0],), strings[0][: int(result[1])], offset))
        elif name in {b"ftruncate", b"fallocate"}:
            self.calls.append(Call(name.decode(), (opened[0],), number=int(arguments.rpartition(b", ")[2])))
        elif name in {b"fsync", b"fdatasync"}:
            self.calls.append(Call("sync", (opened[0],)))
        elif name.startswith((b"rename", b"unlink", b"link")):
            said = name.decode().removesuffix("2").removesuffix("at")
            self.calls.append(Call(said, tuple(os.fsdecode(text) for text in strings)))


def _answer(name: bytes, rest: bytes) -> Call | None:
    opened = _OPENED.match(rest)
    if name not in {b"write", b"sendto"} or opened is None or not _bytes(opened[1]).startswith(b"socket:"):
        return None
    said = _STRING.search(rest)
    return Call("answer", (), _bytes(said[1]) if said else b"")


def _bytes(text: bytes) -> bytes:
    return bytes.fromhex(text.replace(b"\\x", b"").decode())


@dataclass
class _File:
    synced: bytearray
    """What is on the disk for sure."""
    now: bytearray
    """What a reader sees."""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    """Writes, and truncations to a size (None), since the last sync."""

    def write(self, offset: int, data: bytes) -> None:
        offset = len(self.now) if offset < 0 else offset
        _put(self.now, offset, data)
        self.pending.append((offset, data))

    def truncate(self, size: int) -> None:
        _resize(self.now, size)
        self.pending.append((size, None))

    def sync(self) -> None:
        for offset, data in self.pending:
            if data is None:
                _resize(self.synced, offset)
            else:
                _put(self.synced, offset, data)
        self.pending.clear()

    def left(self, chance: random.Random) -> bytearray:
        """What is on the disk after a power cut."""
        left = bytearray(self.synced)
        manner = chance.choice(["nothing", "everything", "the first", "any"])
        pending = self.pending
        if manner == "nothing":
            pending = []
        elif manner == "the first":
            pending = pending[: chance.randint(0, len(pending))]
        for place, (offset, data) in enumerate(pending):
            if data is None:
                if manner != "any" or chance.random() < 0.5:
                    _resize(left, offset)
            elif manner == "any":
                for start in range(0, len(data), SECTOR):
                    if chance.random() < 0.5:
                        _put(left, offset + start, data[start : start + SECTOR])
            else:
                torn = manner == "the first" and place == len(pending) - 1
                _put(left, offset, data[: chance.randint(0, len(data))] if torn else data)
        return left


class Disk:
    """The files of one folder, as calls change them and as syncs keep them."""

    def __init__(self, folder: Path) -> None:
        """Begin with what is in the folder now, all of it synced."""
        self._folder = str(folder)
        self._names: dict[str, _File] = {}
        for path in folder.iterdir():
            content = path.read_bytes()
            self._names[path.name] = _File(bytearray(content), bytearray(content))
        self._synced = dict(self._names)
        self._renames: list[tuple[str, _File | None]] = []
        """Changes of names since the folder was synced: what a name stands for now."""

    def take(self, call: Call) -> None:
        """Let a call happen."""
        if call.paths == (self._folder,) and call.name == "sync":
            self._synced = dict(self._names)
            self._renames.clear()
            return
        names = [os.path.relpath(path, self._folder) for path in call.paths if path.startswith(self._folder + "/")]
        if not names or names[0].endswith("-shm"):
            return
        match call.name:
            case "open":
                self._open(names[0], call.flags)
            case "rename":
                self._name(names[1], self._names[names[0]])
                self._name(names[0], None)
            case "link":
                self._name(names[1], self._names[names[0]])
            case "unlink":
                self._name(names[0], None)
            case "write":
                self._names[names[0]].write(call.number, call.data)
            case "ftruncate":
                self._names[names[0]].truncate(call.number)
            case "sync":
                self._names[names[0]].sync()
            case other:
                raise NotImplementedError(other)

    def cut(self, chance: random.Random, target: Path) -> None:
        """Write what is there after a power cut at this moment into a folder."""
        names = dict(self._synced)
        for name, file in self._renames[: chance.randint(0, len(self._renames))]:
            if file is None:
                names.pop(name, None)
            else:
                names[name] = file
        for name, file in names.items():
            (target / name).write_bytes(file.left(chance))

    def _open(self, name: str, flags: bytes) -> None:
        if name not in self._names and b"O_CREAT" in flags:
            self._name(name, _File(bytearray(), bytearray()))
        elif b"O_TRUNC" in flags:
            self._names[name].truncate(0)

    def _name(self, name: str, file: _File | None) -> None:
        self._renames.append((name, file))
        if file is None:
            self._names.pop(name, None)
        else:
            self._names[name] = file


def _put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        _resize(content, offset)
    content[offset : offset + len(data)] = data


def _resize(content: bytearray, size: int) -> None:
    if len(content) > size:
        del content[size:]
    else:
        content.extend(bytes(size - len(content)))
