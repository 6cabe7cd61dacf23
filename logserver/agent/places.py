"""How far every file has been read, as the agent's checkpoint keeps it.

The guarantee: a Follower that is given Places goes on exactly behind the lines that had been returned when they
were taken. After a SIGKILL what is read again is exactly what was read after the last Places that were kept; nothing
at or behind them is lost as long as the file is still there, under its name or another one in the same directory.
"""

import msgspec


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
    head: str = ""
    """Fingerprint of the beginning: its first line, or as much of it as fits; empty where it is not known yet."""
    tail: str = ""
    """Fingerprint of the last bytes before the offset; empty where nothing is known of them."""
    changed_ns: int = 0
    """The file's own time of its last change when it was last looked at."""
    skipping: bool = False
    """Whether the offset is within the rest of a line that was too long."""
    pieces: list[Piece] = []


class Places(msgspec.Struct):
    """How far everything has been read."""

    files: list[Place] = []
    patterns: list[str] = []
    """What was followed: files that a pattern finds when it is new are begun at their end."""
