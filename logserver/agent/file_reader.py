"""Reads an open file on from its place, line by line, as far as its lines have ends.

Descriptors come from the caller; nothing here knows where the file lies.
"""

import os

import msgspec

from logserver.agent.blocks import MAX_LINE, Block, Wrap
from logserver.agent.docker import Joints, Unwrapped
from logserver.agent.patterns import compressed_bytes
from logserver.agent.places import HEAD_BYTES, Place, head_of
from logserver.agent.probing import CHUNK, behind_nulls, line_begin
from logserver.agent.splitting import HOLE, hole_in, split
from logserver.agent.trail import Trail


class FileReader:
    """A place, and what is known of its file beside."""

    def __init__(self, place: Place, *, unaligned: bool = False) -> None:
        self.place = place
        self.size = 0
        """Of the file, when it was last looked at."""
        self.lost: Place | None = None
        """How far it had been read when it was truncated, until somebody asks."""
        self.cut_lines = 0
        self.skipped_bytes = 0
        self._unaligned = unaligned  # the offset is simply where the file ended, perhaps within a line
        self._scanned = place.offset
        self._doubtful = False
        self._verified_ns = place.changed_ns  # what it was when what had been read was last seen to be still there
        self._ignored = False
        self._trail = Trail(place.tail)
        self._ahead = Trail()  # of the part of a line that has been looked at, whose end is waited for
        self._joints = Joints()
        self._restored = not place.pieces
        self._nulls_until = 0

    @property
    def source(self) -> str:
        """The path as text."""
        return self.place.path.decode("utf-8", "replace")

    @property
    def pending(self) -> bool:
        """Whether there is something that has not been looked at."""
        return not self._ignored and (self._doubtful or self.size > max(self._scanned, self.place.offset))

    @property
    def settled(self) -> bool:
        """Whether everything up to its end has been delivered, and nothing waits for its own end."""
        place = self.place
        if self._ignored:
            return True
        return not self._doubtful and (self.size <= place.offset or place.skipping) and not place.pieces

    def changed(self, size: int, changed_ns: int) -> bool:
        """Take down size and time of the file; says whether they are new. A shorter file than was read begins again."""
        place = self.place
        if size == self.size and changed_ns == place.changed_ns:
            return False
        self.size, self._ignored = size, False
        if size < place.offset:
            self.begin_again()
        elif size <= self._scanned or self._nulls_until:
            # Written over, or into the NULs at its end: what waits is looked at again, what was read is verified.
            self._scanned, self._nulls_until, self._doubtful = place.offset, 0, True
        self.place.changed_ns = changed_ns
        return True

    def begin_again(self) -> None:
        """What stands under this device and inode is another file now."""
        place = self.place
        self.lost = self.snapshot()
        self.lost.changed_ns = self._verified_ns
        self.place = place.successor()
        self._scanned = self._nulls_until = 0
        self._trail = Trail()
        self._unaligned = self._doubtful = self._ignored = False
        self._restored = True
        self._joints.clear()

    def snapshot(self) -> Place:
        """A copy of the place as it stands."""
        self.place.tail = self._trail.printed
        return msgspec.structs.replace(self.place)

    def read(self, descriptor: int) -> tuple[Block | None, int]:
        """The next lines, and how many bytes have been read to find them; at most about CHUNK, or one line."""
        self.prepare(descriptor)
        place = self.place
        self._doubtful = False
        begin = max(self._scanned, place.offset)
        data = os.pread(descriptor, CHUNK, begin)
        # After reading: then what was read is of the same file as what lies before it.
        if not self._trail.holds(descriptor, place.offset):
            self.begin_again()
            return None, 0
        self._verified_ns = place.changed_ns
        if self._nulls_until:
            return self._cross_hole(descriptor), 0
        if not data:
            self.size = begin
            return None, 0
        if begin == 0 and compressed_bytes(data):
            self._ignored = True
            return None, len(data)
        if begin > place.offset and not self._ahead.holds(descriptor, begin):
            self._scanned = place.offset
            return None, 0
        if place.skipping:
            self._skip(data, descriptor)
            return None, len(data)
        end = data.rfind(b"\n") + 1
        if not end:
            self._scanned = begin + len(data)
            self._ahead = Trail()
            self._ahead.passed(data)
            return self._without_end(descriptor), len(data)
        if begin > place.offset:
            end += begin - place.offset
            data = os.pread(descriptor, end, place.offset)
            if len(data) < end:
                self._scanned = place.offset
                return None, end
        return self._lines(descriptor, data if end == len(data) else data[:end]), end

    def finish(self, descriptor: int) -> Block | None:
        """What is left without an end, once no end will come: at most MAX_LINE bytes, and Docker's pieces."""
        self.prepare(descriptor)
        place = self.place
        if self.settled or place.skipping or not self._trail.holds(descriptor, place.offset):
            return None
        line = os.pread(descriptor, MAX_LINE, place.offset)
        self._know_file(descriptor, whole=True)
        lines, offsets = split(line + b"\n", place.offset) if line.strip(b"\x00") else ([], [])
        wraps = None
        if lines and (out := self._joints.unwrap(lines, offsets, place.offset + len(line))) is not None:
            lines, offsets, wraps = self._take(out)
        if self._joints:
            bare = [Wrap(None, "")] * len(lines)
            rest = self._take(self._joints.flush())
            lines, offsets, wraps = lines + rest[0], offsets + rest[1], (wraps or bare) + rest[2]
        self._go_to(max(place.offset + len(line), self._nulls_until), descriptor)
        return Block(self.source, place.file, lines, offsets, wraps) if lines else None

    def prepare(self, descriptor: int) -> None:
        """Do what can only be done once the file is open: find the beginning of a line, take up Docker's pieces."""
        place = self.place
        if self._unaligned:
            self._unaligned = False
            beginning = os.pread(descriptor, HEAD_BYTES, 0)
            place.head = head_of(beginning)
            self._ignored = compressed_bytes(beginning)
            begin = line_begin(descriptor, place.offset)
            place.skipping = begin is None
            place.offset = self._scanned = place.offset if begin is None else begin
            self._trail = Trail()
        if not self._restored:
            self._restored = True
            for piece in place.pieces:
                self._joints.restore(piece, os.pread(descriptor, piece.length, piece.offset).rstrip(b"\r\n"))

    def _lines(self, descriptor: int, data: bytes) -> Block | None:
        place = self.place
        lines, offsets = split(data, place.offset)
        if lines and len(lines[0]) > MAX_LINE:
            self.cut_lines += 1
            self.skipped_bytes += len(lines[0]) - MAX_LINE
            lines[0] = lines[0][:MAX_LINE]
        if not place.file:
            self._know_file(descriptor)
        wraps = None
        place.offset = self._scanned = place.offset + len(data)
        self._trail.passed(data)
        if self._joints.concerns(data) and (out := self._joints.unwrap(lines, offsets, place.offset)) is not None:
            lines, offsets, wraps = self._take(out)
        return Block(self.source, place.file, lines, offsets, wraps) if lines else None

    def _take(self, out: Unwrapped) -> tuple[list[bytes], list[int], list[Wrap]]:
        self.cut_lines += out.cut
        self.skipped_bytes += out.skipped
        self.place.pieces = self._joints.pieces()
        return out.lines, out.offsets, out.wraps

    def _without_end(self, descriptor: int) -> Block | None:
        """What to do where no end of line is in sight: wait, unless the line is too long or a hole."""
        place = self.place
        beginning = os.pread(descriptor, HOLE, place.offset)
        if len(beginning) == HOLE and not beginning.strip(b"\x00"):
            return self._cross_hole(descriptor)
        if self._scanned - place.offset <= MAX_LINE:
            return None
        line = os.pread(descriptor, MAX_LINE, place.offset)
        if hole_in(line) is not None:
            return self._cross_hole(descriptor)
        self._know_file(descriptor)
        block = Block(self.source, place.file, [line], [place.offset])
        self.cut_lines += 1
        self.skipped_bytes += self._scanned - place.offset - len(line)
        self._go_to(self._scanned, descriptor)
        place.skipping = True
        return block

    def _cross_hole(self, descriptor: int) -> Block | None:
        """Go behind a hole where something stands behind it, and return what stands before it; else wait."""
        place = self.place
        line = os.pread(descriptor, MAX_LINE, place.offset)
        begin, end = hole_in(line) or (0, 0)
        at, found = behind_nulls(descriptor, max(self._nulls_until, place.offset + end))
        if not found:
            self._nulls_until = self._scanned = at
            return None
        block = None
        if begin:
            self._know_file(descriptor)
            block = Block(self.source, place.file, [line[:begin]], [place.offset])
        self._go_to(at, descriptor)
        return block

    def _skip(self, data: bytes, descriptor: int) -> None:
        end = data.find(b"\n")
        self.skipped_bytes += len(data) if end < 0 else end
        self.place.skipping = end < 0
        self._go_to(self.place.offset + (len(data) if end < 0 else end + 1), descriptor)

    def _go_to(self, offset: int, descriptor: int) -> None:
        self.place.offset = self._scanned = offset
        self._nulls_until = 0
        self._trail.put(descriptor, offset)

    def _know_file(self, descriptor: int, *, whole: bool = False) -> None:
        place = self.place
        place.head = place.head or head_of(os.pread(descriptor, HEAD_BYTES, 0), whole=whole)
        place.file = place.file or f"{place.device:x}-{place.inode:x}-{place.generation:x}-{place.head}"
