"""Standard input, read without waiting."""

import os
import select
from typing import BinaryIO
from uuid import uuid4

from logserver.agent.blocks import MAX_LINE, Block
from logserver.agent.docker import Joints
from logserver.agent.splitting import split

CHUNK = 65_536
SOURCE = "stdin"


class StandardInput:
    """The lines of standard input: a pipe, a terminal or a file.

    What was read of it and not delivered, the beginning of a line, is lost with the process: it cannot be read again.
    """

    def __init__(self, stdin: BinaryIO) -> None:
        self.over = False
        """Whether it has ended."""
        self.cut_lines = 0
        self.skipped_bytes = 0
        self._stdin = stdin  # closes its descriptor when it is forgotten
        self._descriptor = stdin.fileno()
        self._file = f"stdin-{uuid4().hex}"  # another one in every run: the same offset is never the same line
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)
        self._kept = bytearray()
        self._offset = 0
        self._skipping = False
        self._joints = Joints()

    def ready(self) -> bool:
        """Whether there is something to read by now, be it the end."""
        return not self.over and bool(self._poll.poll(0))

    def read(self) -> Block | None:
        """The lines of the next CHUNK bytes; only when ready(), or it may wait."""
        try:
            data = os.read(self._descriptor, CHUNK)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:  # a terminal that hung up, a descriptor that is none
            data = b""
        if not data:
            self.over = True
            return self._last()
        return self._lines(data)

    def _lines(self, data: bytes) -> Block | None:
        if self._skipping:
            end = data.find(b"\n") + 1
            skipped = end - 1 if end else len(data)
            self._offset += end or len(data)
            self.skipped_bytes += skipped
            self._skipping = not end
            data = data[end:] if end else b""
        end = data.rfind(b"\n") + 1
        if not end:
            self._kept += data
            return self._cut() if len(self._kept) > MAX_LINE else None
        block = self._block(bytes(self._kept) + data[:end])
        self._kept = bytearray(data[end:])
        return block

    def _block(self, whole: bytes) -> Block | None:
        lines, offsets = split(whole, self._offset)
        self._offset += len(whole)
        if lines and len(lines[0]) > MAX_LINE:
            self.cut_lines += 1
            self.skipped_bytes += len(lines[0]) - MAX_LINE
            lines[0] = lines[0][:MAX_LINE]
        wraps = None
        if self._joints.concerns(whole) and (out := self._joints.unwrap(lines, offsets, self._offset)) is not None:
            lines, offsets, wraps = out.lines, out.offsets, out.wraps
            self.cut_lines += out.cut
            self.skipped_bytes += out.skipped
        return Block(SOURCE, self._file, lines, offsets, wraps) if lines else None

    def _cut(self) -> Block:
        line, self._kept = bytes(self._kept), bytearray()
        block = Block(SOURCE, self._file, [line[:MAX_LINE]], [self._offset])
        self._offset += len(line)
        self._skipping = True
        self.cut_lines += 1
        self.skipped_bytes += len(line) - MAX_LINE
        return block

    def _last(self) -> Block | None:
        """The last line, where it had no end."""
        block = self._block(bytes(self._kept) + b"\n") if self._kept else None
        self._kept.clear()
        if block is None and self._joints:
            out = self._joints.flush()
            block = Block(SOURCE, self._file, out.lines, out.offsets, out.wraps)
        return block
