"""What to do about what is wrong with a store."""

from collections.abc import Set as AbstractSet

_DAMAGE = {"pages", "rows", "index", "counts", "hours", "identities", "references"}

_DAMAGED = """\
The store is damaged, or does not agree with itself. Stop the server, and keep a copy of the whole folder as it is.
If you have a copy of before: verify it with `logserver restore FILE --verify-only`, and restore it into a new folder.
If you have none, or for what came since: `logserver doctor --salvage NEWFOLDER` makes a new store of all that can be
read, makes anew what is derived from it, and says what is lost. Start the server on that.
Then have the disk and the memory of the machine checked."""

_TRAIL = """\
`logserver audit verify` tells more of each trail. Where audit.key or audit.heads is missing, put it back from a copy
(`logserver backup` carries both). Where there is none, and you know that the chain is as it should be, start the server
once and sign it as it stands with `logserver audit seal`. A chain that is broken cannot be mended: find out who could
write to the file."""

_SCHEMA = """\
A store that a newer logserver has made needs that one, or is restored from a copy made before."""

_RIGHTS = """\
Run the commands named above, as root or as the owner of the folder. The server need not be started anew."""

_DISK = """\
The server takes events again by itself once there is room: delete other files, or let projects keep less."""

_FILES = """\
A journal beside the database means that another program has written to it: keep both, and open the store no more
before you know which."""


def advice(wrong: AbstractSet[str]) -> list[str]:
    """What to do, a paragraph each, about findings of these subjects."""
    found = [_DAMAGED] if wrong & _DAMAGE else []
    subjects = {"audit": _TRAIL, "schema": _SCHEMA, "rights": _RIGHTS, "disk": _DISK, "files": _FILES}
    return found + [text for about, text in subjects.items() if about in wrong]
