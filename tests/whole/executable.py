"""The one-file program, built as its users build it, and a machine that has nothing beside it."""

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.whole.process import PATIENCE, source

BUILD_PATIENCE = 500.0
"""Seconds a build may take; it follows every import of the program."""

_NEEDED_OF_LIBC = ("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libz.so.1")
_TOOLS = ("sh", "tail", "tar", "gzip", "head", "mktemp", "mv", "rm", "mkdir", "chmod", "id", "sync", "ls", "grep")


@cache
def executable(shared: Path) -> Path:
    """The executable: $LOGSERVER_EXECUTABLE, or what is built now, once for all workers that share a folder."""
    given = os.environ.get("LOGSERVER_EXECUTABLE")
    if given:
        return Path(given).absolute()
    if importlib.util.find_spec("PyInstaller") is None:
        pytest.skip("the extra `build` is not installed, and LOGSERVER_EXECUTABLE names no executable")
    built = shared / "executable" / "logserver"
    built.parent.mkdir(exist_ok=True)
    with (built.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            build(built)
    return built


def build(target: Path) -> None:
    """Make the executable of these sources."""
    subprocess.run(
        [sys.executable, source() / ".ci" / "executable" / "build.py", target],
        cwd=source(),
        check=True,
        timeout=BUILD_PATIENCE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


class Machine:
    """A folder to which a process can be confined: the executable, a C library, a few tools of a shell; no Python."""

    def __init__(self, root: Path, program: Path) -> None:
        self.root = root
        busybox = shutil.which("busybox")
        confined = (("chroot",), ("unshare", "-r", "chroot"))
        self._confine = next((words for words in confined if _works(*words, "/", "true")), None)
        if busybox is None or self._confine is None or _linked(Path(busybox)):
            pytest.skip("this needs a static busybox, and chroot by root or in a namespace of its own")
        for folder in ("bin", "tmp", "root", "dev"):
            (root / folder).mkdir(parents=True)
        shutil.copy(busybox, root / "bin" / "busybox")
        for tool in _TOOLS:
            (root / "bin" / tool).symlink_to("busybox")
        for library in _linked(Path(sys.executable)):
            if library.name in _NEEDED_OF_LIBC or library.name.startswith("ld-"):
                self._carry(library)
        for library in _libc(_NEEDED_OF_LIBC):
            self._carry(library)
        shutil.copy(program, root / "logserver")

    @property
    def program(self) -> tuple[str, ...]:
        """What starts the executable there."""
        assert self._confine is not None
        return (*self._confine, str(self.root), "/logserver")

    def runs(self, *words: str, code: int = 0) -> str:
        """What a command prints there."""
        done = subprocess.run(
            [*self.program, *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=self.environment(),
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    @staticmethod
    def environment() -> dict[str, str]:
        """What a process finds there."""
        return {"PATH": f"/bin:{os.environ['PATH']}", "HOME": "/root"}

    def _carry(self, library: Path) -> None:
        there = self.root / library.relative_to("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, there)


def _works(*words: str) -> bool:
    try:
        return subprocess.run(words, capture_output=True, timeout=PATIENCE, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _linked(program: Path) -> list[Path]:
    """The shared libraries that a program needs, and what loads them."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True, timeout=PATIENCE, check=False).stdout
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", said)]


def _libc(names: tuple[str, ...]) -> list[Path]:
    """Where the loader finds some libraries."""
    said = subprocess.run(
        ["/sbin/ldconfig", "-p"], capture_output=True, text=True, timeout=PATIENCE, check=False
    ).stdout
    found = dict(reversed(re.findall(r"^\t(\S+) \([^)]*64[^)]*\) => (\S+)$", said, re.MULTILINE)))
    return [Path(found[name]) for name in names if name in found]
