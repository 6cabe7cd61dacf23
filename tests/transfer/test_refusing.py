"""What an import does not take in: said in a line, and nothing of it is stored."""

import json
from pathlib import Path
from typing import Any

import pytest

from logserver.core import projects
from logserver.core.clock import SystemClock
from logserver.store.database import transaction
from tests.cli.stored import fill, happened
from tests.transfer.moving import Line, change, contents, export, import_, lines, packed, told, unpacked, value

HEADER = b'{"record":"header","format":"logserver-export","version":1,"id":"x","made_by":"1","until":0}\n'
OTHER = "01a1ec61-e100-7000-9b1e-f9cf0860720b"
PROJECT: Line = {
    "record": "project",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "number": 1,
    "slug": "app",
    "name": "App",
    "created_at": 1,
    "retention_days": 36_500,
}


def event(**fields: Any) -> Line:
    return {
        "record": "event",
        "id": "01a1ec61-e100-7000-9b1e-f9cf0860720a",
        "legacy_id": 222341529600000,
        "type": "log",
        "level": "info",
        "message": "hello",
        "time": 1_794_967_200_000_000,
        "received": 1_794_967_200_000,
        "context": {},
    } | fields


def make(folder: Path, slug: str, **values: Any) -> None:
    with transaction(folder) as tx:
        projects.create(tx, slug=slug, now_ms=SystemClock().now_ms(), **values)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "it is empty"),
        (b"hello\n", "it is no export of logserver"),
        (b'{"record":"end","records":0}\n', "it is no export of logserver"),
        (
            b'{"record":"header","format":"logserver-export","version":2,"id":"x","made_by":"2","until":0}\n',
            "it has version 2; this logserver reads up to 1",
        ),
        (
            HEADER + b'{"record":5}\n',
            "line 2 cannot be read",
        ),
        (HEADER + b'{"record":"project","name":"\xff"}\n', "line 2 cannot be read: it is not valid UTF-8"),
        (
            HEADER + b'{"record":"mark","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
            "line 2 cannot be read: it is nested too deeply",
        ),
        (
            HEADER + b'{"record":"stub","first":1,"last":1,"before":"","hash":"","signature":""}\n',
            "line 2 belongs to no project",
        ),
        (b"\x28\xb5\x2f\xfd damaged", "it is damaged"),
    ],
)
def test_what_is_no_export(tmp_path: Path, text: bytes, said: str) -> None:
    (tmp_path / "file").write_bytes(text)
    assert said in import_(tmp_path / "file", tmp_path / "new", code=1).output


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"type": "audit"}, "has the type 'audit'"),
        ({"type": "x"}, "has the type 'x'"),
        ({"id": "me"}, "'me' is no id of an event"),
        ({"legacy_id": -1}, "is of no time"),
        ({"time": 10**18}, "is of no time"),
        ({"type": "span"}, "names no trace"),
        ({"received": 2**80}, "is of no time"),
        ({"context": {"a": [1] * 100_001}}, "at most 100000 keys"),
        ({"context": json.loads("[" * 90 + "]" * 90)}, "cannot be stored: ValidationError"),
        ({"context": {"a": json.loads("[" * 200 + "]" * 200)}}, "levels deep"),
    ],
)
def test_an_event_that_cannot_be_stored(tmp_path: Path, wrong: Line, said: str) -> None:
    file = packed(tmp_path / "file", [PROJECT, event(), event(**({"id": OTHER} | wrong))])
    assert said in import_(file, tmp_path / "new", code=1).output
    assert value(tmp_path / "new", "SELECT count(*) FROM events") == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"slug": "../x"},
        {"name": "\x07"},
        {"retention_days": 0},
        {"redact_dialects": ["klingon"]},
        {"tiers": {"x": ["nothing"]}},
        {"redaction_rules": [{"uuid": "x", "type": "pattern", "name": "x", "pattern": "(", "fields": []}]},
        {"redaction_builtins": [["email", "burn", 1]]},
        {"alert_builtins": [["x", 1, -1]]},
    ],
)
def test_settings_that_break_their_rules(tmp_path: Path, wrong: Line) -> None:
    for rule in wrong.get("redaction_rules", []):
        rule |= {"behavior": "mask", "enabled": 1, "created_at": 1}
    file = packed(tmp_path / "file", [PROJECT | wrong])
    assert "Error: the settings of project" in import_(file, tmp_path / "new", code=1).output
    assert value(tmp_path / "new", "SELECT count(*) FROM projects WHERE NOT system") == 0


def test_lines_that_are_not_packed_are_read_too(tmp_path: Path) -> None:
    file = packed(tmp_path / "file", [PROJECT, event()])
    (tmp_path / "plain.jsonl").write_bytes(unpacked(file).rstrip())
    assert told(tmp_path / "plain.jsonl", tmp_path / "new")["new"] == 2


def test_another_project_of_the_same_name_is_merged_only_when_told(tmp_path: Path) -> None:
    make(tmp_path / "new", "app", retention_days=36_500)
    fill(tmp_path / "new", "app", happened("its own"))
    file = packed(tmp_path / "file", [PROJECT, event()])
    assert "--merge" in import_(file, tmp_path / "new", code=1).output
    assert told(file, tmp_path / "new", "--merge")["new"] == 1
    assert value(tmp_path / "new", "SELECT count(*) FROM events WHERE id >> 51 = 1") == 2


def test_what_is_older_than_is_kept_is_told_and_taken_once_it_is_kept(tmp_path: Path) -> None:
    make(tmp_path / "new", "app")
    file = packed(tmp_path / "file", [PROJECT, event(legacy_id=1 << 10, time=1_577_836_800_001_000)])
    said = import_(file, tmp_path / "new", "--merge")
    assert "1 records of app are older than it keeps (30 days)" in said.output
    with transaction(tmp_path / "new") as tx:
        projects.set_values(tx, "app", retention_days=36_500)
    assert told(file, tmp_path / "new", "--merge")["new"] == 1


def test_another_event_under_the_same_id_is_told(tmp_path: Path) -> None:
    """Two stores that come from one copy may have given an id to different events."""
    make(tmp_path / "data", "app")
    fill(tmp_path / "data", "app", happened("one"))
    export(tmp_path / "data", tmp_path / "file.zst", "--project", "app")
    [sent] = [line for line in lines(tmp_path / "file.zst") if line["record"] == "event"]
    records = [line | {"message": "another"} if line == sent else line for line in lines(tmp_path / "file.zst")]
    before = contents(tmp_path / "data")
    said = import_(packed(tmp_path / "changed.zst", records), tmp_path / "data")
    assert f"1 events were left out, because others are stored under their ids: {sent['id']}" in said.output
    assert contents(tmp_path / "data") == before


class TestTrail:
    """The audit trail is one chain: it is taken in as it was, or not at all."""

    def test_a_changed_event_is_found(self, moved: Path, tmp_path: Path) -> None:
        records = lines(moved)
        at = next(number for number, line in enumerate(records) if line["record"] == "audit" and line["seq"] == 3)
        records[at] |= {"context": records[at]["context"] | {"tenant_id": "another"}}
        said = import_(packed(tmp_path / "file", records), tmp_path / "new", code=1)
        assert "is not what it was when it was stored" in said.output
        assert value(tmp_path / "new", "SELECT count(*) FROM audit_links") == 0

    def test_a_missing_event_is_found(self, moved: Path, tmp_path: Path) -> None:
        records = [line for line in lines(moved) if line["record"] != "audit" or line["seq"] != 3]
        said = import_(packed(tmp_path / "file", records), tmp_path / "new", code=1)
        assert "number 4 does not go on from what is here" in said.output

    def test_a_head_that_nobody_signed_is_refused(self, moved: Path, tmp_path: Path) -> None:
        records = [line | {"seq": line["seq"] + 1} if line["record"] == "trail" else line for line in lines(moved)]
        said = import_(packed(tmp_path / "file", records), tmp_path / "new", code=1)
        assert "its head is not signed with the key that the file names" in said.output

    def test_a_project_with_another_trail_stays_as_it_is(self, moved: Path, tmp_path: Path) -> None:
        import_(moved, tmp_path / "new", "--project", "storefront")
        change(tmp_path / "new", "UPDATE audit_links SET hash = zeroblob(32) WHERE seq = 2")
        before = contents(tmp_path / "new")
        said = import_(moved, tmp_path / "new", "--project", "storefront", "--restart", code=1)
        assert "another one is here, which differs at number" in said.output
        assert contents(tmp_path / "new") == before

    def test_one_that_is_not_signed_does_not_leave(self, company: Path, tmp_path: Path) -> None:
        copy = tmp_path / "copy"
        copy.mkdir()
        (copy / "logserver.db").write_bytes((company / "logserver.db").read_bytes())
        said = export(copy, tmp_path / "file", code=1)
        assert "is not signed with the key of this store" in said.output
        assert not (tmp_path / "file").exists()
        export(copy, tmp_path / "file", "--no-audit")
