"""How the machine is doing: the figures of a heartbeat, from /proc and the file system.

Where there is no /proc (macOS), what stands there is left out.
"""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")


class _Ticks(NamedTuple):
    busy: int
    all: int


class Machine:
    """Looks at processors, memory and the disk that holds a folder.

    ``cpu``, ``memory`` and ``disk`` are percents; that of the processors is of all of them together since the look
    before, or since the machine was started.
    """

    def __init__(self, folder: Path, proc: Path = _PROC) -> None:
        self._folder = folder
        self._proc = proc
        self._before = _Ticks(0, 0)

    def look(self) -> dict[str, float]:
        """The figures of this moment: percents, and bytes where the name says so."""
        found = {**self._cpu(), **self._memory(), **self._disk()}
        return {name: round(value, 2) for name, value in found.items()}

    def _cpu(self) -> dict[str, float]:
        try:
            fields = [int(field) for field in self._first("stat").split()[1:9]]
            load = float(self._first("loadavg").split()[0])
        except (OSError, ValueError, IndexError):
            return {}
        idle = sum(fields[3:5])
        now = _Ticks(sum(fields) - idle, sum(fields))
        busy, passed = now.busy - self._before.busy, now.all - self._before.all
        self._before = now
        return {"cpu": 100 * busy / passed if passed > 0 else 0.0, "load_1m": load}

    def _memory(self) -> dict[str, float]:
        try:
            lines = (self._proc / "meminfo").read_text(encoding="ascii").splitlines()
            named = {line.partition(":")[0]: line for line in lines}
            total, free = (int(named[name].split()[1]) * 1024 for name in ("MemTotal", "MemAvailable"))
        except (OSError, ValueError, KeyError, IndexError):
            return {}
        return _share("memory", total - free, total)

    def _disk(self) -> dict[str, float]:
        try:
            disk = shutil.disk_usage(self._folder)
        except OSError:
            return {}
        # As df counts: what only the administrator may still fill is neither used nor free.
        return _share("disk", disk.used, disk.used + disk.free)

    def _first(self, name: str) -> str:
        with (self._proc / name).open(encoding="ascii") as file:
            return file.readline()


def own_memory() -> int:
    """Bytes of memory that this process holds; 0 where that cannot be seen."""
    try:
        return int((_PROC / "self" / "statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _share(name: str, used: int, total: int) -> dict[str, float]:
    return {
        name: 100 * used / total if total else 0.0,
        f"{name}_total_bytes": total,
    }
