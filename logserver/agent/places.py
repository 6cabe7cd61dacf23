"""How far every file has been read, as the agent's checkpoint keeps it.

The guarantee: a Follower that is given Places goes on exactly behind the lines that had been returned when they
were taken. So after a SIGKILL what is read again is exactly what was read after the last Places that were kept, and
nothing behind them is lost as long as the file is still there, under its name or another one in the same directory.
Of a file that was cut off that holds for what a copy beside it still has. A file that came and went between two
Places is not known by them: after a kill it is found again only where a pattern finds it, or where its name is the
rotated one of a path that they know.
"""

from hashlib import blake2b

import msgspec

MAX_GONE = 1_000
"""Files that are followed no more and whose places are still remembered."""

HEAD_BYTES = 256
"""Of the first line, as much as goes into its fingerprint."""
TAIL_BYTES = 64
"""Of what lies before the offset, as much as goes into its fingerprint."""


class Piece(msgspec.Struct, frozen=True):
    """A part of a line that Docker cut, which has been read and not been delivered."""

    stream: str
    offset: int
    length: int
    """Bytes of the wrapped part in the file, its end included."""


class Place(msgspec.Struct):
    """How far one file has been read."""

    path: bytes
    """The path it was first found under: bytes, because a name may be no text."""
    device: int
    inode: int
    offset: int = 0
    """Everything before it has been delivered, but for the pieces; a line without an end is read again."""
    generation: int = 0
    """How many other files this device and inode have been: one more for every truncation."""
    file: str = ""
    """What blocks name the file by; empty where no line of it has been read."""
    head: str = ""
    """Fingerprint of the beginning: the first line or as much of it as fits; empty where it is not known yet."""
    tail: str = ""
    """Fingerprint of the last bytes before the offset; empty where they are not known."""
    changed_ns: int = 0
    """The file's own time of its last change when it was last looked at, in Unix nanoseconds."""
    skipping: bool = False
    """Whether the offset is within the rest of a line that was too long."""
    pieces: list[Piece] = []

    @property
    def key(self) -> tuple[int, int]:
        """What the system knows a file by, as long as it is there."""
        return self.device, self.inode

    def successor(self) -> "Place":
        """The beginning of another file that has taken this one's device and inode."""
        return Place(self.path, self.device, self.inode, generation=self.generation + 1, changed_ns=self.changed_ns)

    def go_on_from(self, other: "Place") -> None:
        """Go on where another file was left off, of which this one is a copy."""
        self.offset, self.head, self.tail = other.offset, other.head, other.tail
        self.skipping, self.pieces = other.skipping, other.pieces


class Places(msgspec.Struct):
    """How far everything has been read."""

    files: list[Place] = []
    gone: list[Place] = []
    """Of files that are followed no more, should they come back: the last MAX_GONE."""
    patterns: list[str] = []
    """What was followed; what a new pattern finds at first is begun at its end, as at a first start."""


def fingerprint(data: bytes) -> str:
    """A short name of some bytes."""
    return blake2b(data, digest_size=8).hexdigest()


def head_of(beginning: bytes, *, whole: bool = False) -> str:
    """The fingerprint of a file's beginning (HEAD_BYTES of it); empty while it may still become another.

    ``whole`` says that nothing more will come.
    """
    end = beginning.find(b"\n") + 1
    if not end and len(beginning) < HEAD_BYTES and not whole:
        return ""
    return fingerprint(beginning[: end or None])
