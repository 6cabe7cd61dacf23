"""What was sent to the server of a release, and what it answered."""

from pathlib import Path

import msgspec
import zstandard

from logserver.store.connections import FILE
from tests.whole.load import Parcel

FOLDER = Path(__file__).parent
RELEASES = sorted(int(path.name.partition(".")[0]) for path in FOLDER.glob("*.db.zst"))
"""The schemas of which there is a store."""

STREAM = "0d0f6c4e-6a0e-4b57-9c3d-0c8a1f2e3b4d"
"""The claim token of a stream that waits."""

EMAIL, PASSWORD = "ada@example.com", "nine lives, nine looms"
BESIDE = "examples"
"""The project that got the release's examples."""


class Book(msgspec.Struct, frozen=True):
    """Everything that is known of a store."""

    schema: int
    tokens: dict[str, str]
    """Tokens by kind, and the one of the project of the load as ``app``; of no use anywhere else."""
    parcels: list[Parcel]
    """The load, without the requests themselves."""
    events: int
    """How many events its program found, of all projects but its own."""
    files: dict[str, str] = {}
    """Other files of its folder, in hex."""


def packed(schema: int) -> Path:
    return FOLDER / f"{schema:04}.db.zst"


def written(schema: int) -> Path:
    return FOLDER / f"{schema:04}.json.zst"


def read(schema: int) -> Book:
    return msgspec.json.decode(_unpacked(written(schema)), type=Book)


def unpack(schema: int, folder: Path) -> Book:
    """Put the store of a release into a folder."""
    book = read(schema)
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, content in book.files.items():
        (folder / name).write_bytes(bytes.fromhex(content))
    (folder / FILE).write_bytes(_unpacked(packed(schema)))
    return book


def _unpacked(path: Path) -> bytes:
    return zstandard.ZstdDecompressor().decompress(path.read_bytes())
