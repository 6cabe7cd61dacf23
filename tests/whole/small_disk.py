"""A real file system of a few megabytes, which a test may fill to its last byte."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MEGABYTES = 64


@contextmanager
def small_disk(folder: Path, *options: str) -> Iterator[Path]:
    """An empty disk of 64 MB for the length of a block, in memory; the test is skipped where none can be mounted.

    It has the ``options`` of mount, such as noexec.

    Mounting takes root, if only of a namespace of one's own: ``unshare -rm`` before the command that runs the tests.
    """
    place = folder / "disk"
    place.mkdir()
    if shutil.which("mount") is None:
        pytest.skip("there is no mount command")
    given = ",".join((f"size={MEGABYTES}m", "mode=0700", *options))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", given, "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted; run the tests as root, or by unshare -rm: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def free(disk: Path) -> int:
    """Bytes that are free."""
    return shutil.disk_usage(disk).free


def fill(file: Path, leave: int = 0) -> None:
    """Let somebody else's file take what is free, but for so many bytes: to the last byte where that is 0."""
    piece = b"x" * 65_536
    with file.open("ab", buffering=0) as growing:
        try:
            while (left := free(file.parent) - leave) > 0:
                growing.write(piece[:left])
            if not leave:
                while growing.write(b"x"):
                    pass
        except OSError:
            pass
        os.fsync(growing.fileno())
