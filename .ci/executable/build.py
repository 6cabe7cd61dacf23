"""Makes the program one file that runs on machines without Python.

``python .ci/executable/build.py [FILE]``, where the extra ``build`` is installed; FILE is ``dist/logserver`` if it is
not named. With ``--folder FOLDER`` it is left unpacked there, for an image.
"""

import argparse
import gzip
import hashlib
import io
import os
import platform
import re
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

import PyInstaller.__main__

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

sys.path.insert(0, str(ROOT))
from logserver import __version__  # noqa: E402 - of these sources, whatever is installed


def main() -> None:
    """Build what the command line asks for, and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=ROOT / "dist" / "logserver")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folders = [f"--{name}path={scratch}/{name}" for name in ("dist", "work")]
        PyInstaller.__main__.run([str(HERE / "logserver.spec"), "--noconfirm", "--log-level=ERROR", *folders])
        unpacked = Path(scratch) / "dist" / "logserver"
        system = f"{platform.system()} {platform.machine()}, glibc {newest_libc(unpacked)} or later"
        if asked.folder is not None:
            shutil.copytree(unpacked, asked.folder)
        else:
            write(asked.file, archive(unpacked), system)
    print(f"{asked.folder or asked.file}: for {system}")  # noqa: T201 - its answer


def write(target: Path, packed: bytes, system: str) -> None:
    """The executable: the launcher, and the archive behind it."""
    script = (HERE / "launcher.sh").read_text(encoding="utf-8")
    values = {
        "VERSION": __version__,
        "SYSTEM": system,
        "RELEASE": f"{__version__}-{hashlib.sha256(packed).hexdigest()[:12]}",
        "LINES": str(script.count("\n") + 1),
    }
    for name, value in values.items():
        script = script.replace(f"@{name}@", value)
    target.parent.mkdir(parents=True, exist_ok=True)
    # A file that runs just now is replaced, not written into.
    made = target.with_name(f".{target.name}.new")
    made.write_bytes(script.encode() + packed)
    made.chmod(0o755)
    made.replace(target)


def archive(folder: Path) -> bytes:
    """A folder as .tar.gz, with nothing in it of when and by whom it was made."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for path in sorted(folder.rglob("*")):
            entry = tar.gettarinfo(path, str(path.relative_to(folder)))
            entry.uid = entry.gid = entry.mtime = 0
            entry.uname = entry.gname = ""
            entry.mode = 0o700 if entry.isdir() or os.access(path, os.X_OK) else 0o600
            if entry.isreg():
                with path.open("rb") as file:
                    tar.addfile(entry, file)
            else:
                tar.addfile(entry)
    return packed.getvalue()


def newest_libc(folder: Path) -> str:
    """The oldest version of glibc that has all that the libraries of a folder ask of it."""
    asked = {
        int(minor)
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and path.open("rb").read(4) == b"\x7fELF"
        for minor in re.findall(rb"\0GLIBC_2\.([0-9]+)", path.read_bytes())
    }
    return f"2.{max(asked)}"


if __name__ == "__main__":
    main()
