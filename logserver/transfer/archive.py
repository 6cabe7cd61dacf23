"""The file of an export: zstd, frame by frame, so that one that was broken off can be gone on with.

A frame ends with a mark, which says where to go on. While it is made, the file has another name.
"""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec
import zstandard

from logserver.transfer import records
from logserver.transfer.lines import Header, Mark

MAGIC = b"\x28\xb5\x2f\xfd"
MAX_LINE = 64 * 1024 * 1024
"""Bytes of a line; a longer one is none of ours."""

PART = ".part"
_LEVEL = 5
_AT_ONCE = 1 << 18
_MAX_WINDOW = 1 << 27


class Unreadable(Exception):
    """The file is not what it should be; the message says in what way."""


class Begun(msgspec.Struct, frozen=True):
    """An export that was broken off: what it is, how far it came, and how many bytes of its file are whole."""

    header: Header
    mark: Mark
    size: int


class Outgoing:
    """A file that is being made. Nothing but a whole one ever has the name it was asked for.

    Raises Unreadable where somebody else is making it.
    """

    def __init__(self, target: Path, begun: Begun | None) -> None:
        self._target = target
        self._part = part_of(target)
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._file = os.fdopen(os.open(self._part, flags, 0o600), "r+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise Unreadable(f"another export writes to {self._part}") from error
        self._file.truncate(begun.size if begun else 0)
        self._file.seek(0, os.SEEK_END)

    def write(self, lines: list[bytes]) -> None:
        """Append lines as a frame of their own; the last of them is a mark, but for the last frame."""
        self._file.write(self._compressor.compress(b"\n".join(lines) + b"\n"))
        self._file.flush()

    def finish(self) -> None:
        """Give the file its name, once all of it is on the disk."""
        os.fsync(self._file.fileno())
        self._part.replace(self._target)
        folder = os.open(self._target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Let go of the file, finished or not."""
        self._file.close()


def part_of(target: Path) -> Path:
    """Where a file is made before it has its name."""
    return target.with_name(target.name + PART)


def begun(target: Path) -> Begun | None:
    """What was begun of an export to this file; None where nothing of use was."""
    try:
        file = part_of(target).open("rb")
    except FileNotFoundError:
        return None
    header: Header | None = None
    mark: Mark | None = None
    size = 0
    with file:
        for end, frame in _frames(file):
            lines = frame.splitlines()
            try:
                if header is None and isinstance(first := records.decode(lines[0]), Header):
                    header = first
                last = records.decode(lines[-1])
            except (msgspec.DecodeError, IndexError):
                break
            if isinstance(last, Mark):
                mark, size = last, end
    return Begun(header, mark, size) if header is not None and mark is not None else None


def _frames(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """The whole frames of a file, unpacked, and where in it each ends."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
    held, end = b"", 0
    while True:
        frame, unpacked = decompressor.decompressobj(), []
        try:
            while not frame.eof:
                data = held or file.read(_AT_ONCE)
                if not data:
                    return
                unpacked.append(frame.decompress(data))
                end += len(data)
                held = b""
        except zstandard.ZstdError:
            return
        held = frame.unused_data
        end -= len(held)
        yield end, b"".join(unpacked)


class Incoming:
    """A file to be imported, packed or as plain lines; to be closed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self.size = path.stat().st_size
        packed = self._file.read(len(MAGIC)) == MAGIC
        self._file.seek(0)
        self._unpacked: IO[bytes] = self._file
        if packed:
            reader = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
            self._unpacked = reader.stream_reader(self._file, read_across_frames=True, closefd=False)

    def position(self) -> int:
        """How many bytes of the file have been read."""
        return self._file.tell()

    def lines(self) -> Iterator[bytes]:
        """Its lines without their ends; of a packed file that was cut off those that are whole.

        Raises Unreadable for what is no zstd, or where a line has no end.
        """
        held: list[bytes] = []
        length = 0
        try:
            while data := self._unpacked.read(_AT_ONCE):
                *whole, rest = data.split(b"\n")
                for line in whole:
                    held.append(line)
                    yield b"".join(held)
                    held, length = [], 0
                held.append(rest)
                length += len(rest)
                if length > MAX_LINE:
                    raise Unreadable(f"a line of it is longer than {MAX_LINE // 2**20} MiB")
        except zstandard.ZstdError as error:
            raise Unreadable(f"it is damaged: {error}") from error
        if self._unpacked is self._file and any(held):
            yield b"".join(held)

    def close(self) -> None:
        """Let go of it."""
        self._file.close()
