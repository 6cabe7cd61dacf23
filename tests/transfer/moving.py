"""What the tests of moving work with: a store with everything in it, and what two stores have in common."""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import zstandard
from click.testing import CliRunner, Result

from logserver.cli import main
from logserver.store.connections import connect_readonly

Line = dict[str, Any]

OWN = {
    "arrivals",
    "generation",
    "heartbeat",
    "migrations",
    "recent_identities",
    "secrets",
    "sqlite_sequence",
    "sqlite_stat1",
    "transfer_parcels",
    "transfers",
}
"""Tables that say nothing of what happened in a project."""


def run(*arguments: str | Path, code: int = 0) -> Result:
    """The command line in this process."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, (arguments, result.output, result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def export(folder: Path, file: Path, *options: str, code: int = 0) -> Result:
    return run("export", file, "--data", folder, *options, code=code)


def import_(file: Path, folder: Path, *options: str, code: int = 0) -> Result:
    return run("import", file, "--data", folder, *options, code=code)


def told(file: Path, folder: Path, *options: str) -> dict[str, Any]:
    """What an import says that became of the records."""
    said: dict[str, Any] = json.loads(import_(file, folder, "--json", *options).stdout)
    return said


def unpacked(file: Path) -> bytes:
    with file.open("rb") as packed:
        return zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True).read()


def lines(file: Path) -> list[Line]:
    """The records of a file without what frames them."""
    read = [json.loads(line) for line in unpacked(file).splitlines()]
    return [line for line in read if line["record"] not in {"header", "mark", "end"}]


def packed(file: Path, records: Iterable[Line], **header: Any) -> Path:
    """A file with these records."""
    held = list(records)
    first = {"record": "header", "format": "logserver-export", "version": 1, "id": "x", "made_by": "x", "until": 0}
    whole = [first | header, *held, {"record": "end", "records": len(held)}]
    file.write_bytes(zstandard.compress(b"".join(json.dumps(line).encode() + b"\n" for line in whole)))
    return file


def comparable(records: Iterable[Line]) -> list[Line]:
    """Records without the signatures, which are each store's own."""
    return [{key: value for key, value in line.items() if key not in {"public_key", "signature"}} for line in records]


def contents(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that a store holds of its projects, by table, and the words of the index."""
    with closing(connect_readonly(folder)) as connection:
        connection.execute("PRAGMA query_only = OFF")  # a temporary table is made
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'event_words%'"
                " AND name != 'identities'"
            )
        ]
        found = {name: _rows(connection, f"SELECT * FROM {name}") for name in names if name not in OWN}
        connection.execute("CREATE VIRTUAL TABLE temp.seen USING fts5vocab('main', 'event_words', 'instance')")
        found["words"] = _rows(connection, "SELECT * FROM temp.seen")
        return found


def _rows(connection: sqlite3.Connection, sql: str) -> list[tuple[Any, ...]]:
    return sorted(connection.execute(sql).fetchall(), key=repr)


def value(folder: Path, sql: str, *parameters: Any) -> Any:
    """The one value of a query."""
    with closing(connect_readonly(folder)) as connection:
        return connection.execute(sql, parameters).fetchone()[0]


def change(folder: Path, sql: str, *parameters: Any) -> None:
    """What somebody does to the database behind the server's back."""
    with closing(sqlite3.connect(folder / "logserver.db")) as connection, connection:
        connection.execute(sql, parameters)
