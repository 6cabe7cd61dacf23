"""Files that come into being whole or not at all."""

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from logserver.store.errors import StoreError

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""How file systems say that they have no hard links."""


def unfinished(target: Path) -> Path:
    """The name a file has until it is whole."""
    return target.with_name(f"{target.name}.part")


@contextmanager
def new_file(target: Path) -> Iterator[tuple[Path, int]]:
    """An empty file to be filled, under another name, and a descriptor of it; it gets its name once it is on the disk.

    Only its owner can read it. What was left by one who was killed is begun anew. Where the block raises, nothing
    stays. Raises FileExistsError where there is such a file, then or at the end, and StoreError where another
    process is filling it.
    """
    _refuse_existing(target)
    path = unfinished(target)
    descriptor = _own(path)
    try:
        os.ftruncate(descriptor, 0)
        os.fchmod(descriptor, 0o600)
        yield path, descriptor
        os.fsync(descriptor)
        _name(path, target)
        sync_folder(target.parent)
    finally:
        if _names(path, descriptor):
            path.unlink()
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    entry = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)


def free_bytes(folder: Path) -> int:
    """How much a folder's disk can take."""
    return shutil.disk_usage(folder).free


def _own(path: Path) -> int:
    """A descriptor of a file that this process alone fills, made where it is missing."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever had it before may have named or removed it since it was opened.
            if _names(path, descriptor):
                return descriptor
        except BlockingIOError as error:
            os.close(descriptor)
            raise StoreError(f"{path} is being written by another process") from error
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _names(path: Path, descriptor: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False


def _name(path: Path, target: Path) -> None:
    try:
        os.link(path, target)  # unlike a rename, it never takes the place of another file
    except FileExistsError:
        _refuse_existing(target)
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _refuse_existing(target)
        path.rename(target)


def _refuse_existing(target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise FileExistsError(errno.EEXIST, "there is a file already, and it is not overwritten", str(target))
