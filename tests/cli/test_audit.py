import csv
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import Result

from logserver.contracts.logstitch import heads
from logserver.core import projects
from logserver.core.clock import SystemClock
from logserver.core.times import iso_text
from logserver.store.database import transaction
from tests.cli.conftest import Shell, Start
from tests.contracts.logstitch.asked import event
from tests.contracts.logstitch.trails import DAY, ago, claim, expire, fill, keep, running, send, tamper
from tests.examples import EXAMPLES
from tests.fakes import FakeClock
from tests.serving import Sender, Server

Filling = Callable[[Server, Sender], Any]


def filled(folder: Path, filling: Filling = lambda server, sender: fill(server, sender, 5), slug: str = "shop") -> Any:
    """Run a server on a folder for as long as it takes to fill the trail of a project."""
    with running(folder, FakeClock()) as server:
        return filling(server, server.sender(slug))


@pytest.fixture
def trail(shell: Shell) -> list[str]:
    """The ids of the events of one project."""
    ids: list[str] = filled(shell.folder)
    return ids


def changed(shell: Shell, seq: int, project: int = 1) -> None:
    link = f"(SELECT event FROM audit_links WHERE seq = {seq} AND project = {project})"
    tamper(shell.folder, f"UPDATE events SET context = replace(context, 'u1', 'u2') WHERE id = {link}")


@pytest.mark.usefixtures("trail")
def test_a_whole_trail_is_told_in_a_line(shell: Shell) -> None:
    told = shell("audit", "verify")
    kept = heads.read(shell.folder).popitem()[1].head()
    assert told.stdout == f"shop: 5 events verified, head {kept}\n"
    assert told.stderr == ""
    [found] = shell.json("audit", "verify")
    assert (found["project"], found["whole"], found["events"], found["stubs"]) == ("shop", True, 5, 0)
    assert (found["head"], found["break"]) == (str(kept), None)


def test_a_break_ends_with_1_and_names_project_and_event(shell: Shell, trail: list[str]) -> None:
    changed(shell, 3)
    told = shell("audit", "verify", code=1)
    assert told.stdout == ""
    assert told.stderr == (
        f"Error: shop: {trail[2]} (number 3) was changed; or the link before it, of {trail[1]}, was;"
        " before that 2 events verified\n"
    )
    result = shell("audit", "verify", "--json", code=1)
    assert result.stderr == told.stderr
    [found] = json.loads(result.stdout)
    assert (found["whole"], found["break"]["event"], found["break"]["seq"]) == (False, trail[2], 3)
    assert found["break"]["kind"] == "changed"


@pytest.mark.usefixtures("trail")
def test_every_project_is_verified_whatever_is_wrong_with_another(shell: Shell) -> None:
    filled(shell.folder, slug="bank")
    shell("project", "create", "empty")
    changed(shell, 3, project=1)
    told = shell("audit", "verify", code=1)
    assert told.stdout.startswith("bank: 5 events verified")
    assert told.stderr.startswith("Error: shop: evt_")
    assert shell("audit", "verify", "--project", "bank").stderr == ""
    shell("audit", "verify", "--project", "shop", code=1)
    assert shell("audit", "verify", "--project", "empty").stdout.startswith("empty: 0 events verified")
    assert "no project" in shell("audit", "verify", "--project", "nothing", code=1).stderr


def test_stubs_are_told(shell: Shell) -> None:
    def filling(server: Server, sender: Sender) -> None:
        server.administer(projects.set_values, "shop", audit_retention_days=1)
        fill(server, sender, 3)
        server.clock.turn(2 * DAY)
        fill(server, sender, 2)
        expire(server)

    filled(shell.folder, filling)
    assert shell("audit", "verify").stdout.startswith("shop: 2 events verified, 1 stub of retention, head 5:")


def test_without_audit_events_there_is_nothing_to_verify(shell: Shell) -> None:
    assert "there is no store" in shell("audit", "verify", code=1).stderr
    shell("project", "create", "shop")
    assert shell("audit", "verify").stderr == "there are no audit events\n"
    assert shell.json("audit", "verify") == []
    assert "there are no audit events" in shell("audit", "export", code=1).stderr


@pytest.mark.usefixtures("trail")
def test_a_head_that_was_noted_must_be_in_the_chain(shell: Shell) -> None:
    head = shell.json("audit", "verify")[0]["head"]
    shell("audit", "verify", "--head", head)
    shell("audit", "verify", "--head", head.upper())
    assert "was" in shell("audit", "verify", "--head", f"3:{head[2:]}", code=1).stderr
    told = shell("audit", "verify", "--head", f"7:{head[2:]}", code=1).stderr
    assert "2 events are missing after evt_" in told
    for wrong in ("x", "5:ab", head + "0", "-1:" + head[2:]):
        assert "is no head" in shell("audit", "verify", "--head", wrong, code=2).stderr
    filled(shell.folder, slug="bank")
    assert "--project" in shell("audit", "verify", "--head", head, code=2).stderr
    shell("audit", "verify", "--head", head, "--project", "shop")


def test_a_cut_end_is_found_by_the_head_beside_the_store(shell: Shell) -> None:
    def filling(server: Server, sender: Sender) -> tuple[Any, ...]:
        fill(server, sender, 2)
        row: tuple[Any, ...] = server.rows("SELECT seq, hash, signature FROM audit_heads")[0]
        fill(server, sender, 3)
        return row

    seq, hash_, signature = filled(shell.folder, filling)
    tamper(
        shell.folder,
        "DELETE FROM events WHERE id IN (SELECT event FROM audit_links WHERE seq > 2)",
        "DELETE FROM audit_links WHERE seq > 2",
        "UPDATE audit_heads SET seq = :seq, hash = :hash, signature = :signature",
        seq=seq,
        hash=hash_,
        signature=signature,
    )
    assert "3 events are missing after evt_" in shell("audit", "verify", code=1).stderr
    (shell.folder / "audit.heads").unlink()
    assert "only a head that you noted" in shell("audit", "verify").stderr


@pytest.mark.usefixtures("trail")
@pytest.mark.parametrize("whole", [True, False])
def test_a_missing_head_beside_the_store_is_told_of(shell: Shell, *, whole: bool) -> None:
    if whole:
        (shell.folder / "audit.heads").unlink()
    else:
        heads.write(shell.folder, {})
    told = shell("audit", "verify", "--json")
    assert told.stderr.startswith("Warning: shop: audit.heads, ")
    assert shell("audit", "verify", "--head", json.loads(told.stdout)[0]["head"]).stderr == ""


def test_of_a_trail_that_has_just_begun_no_head_need_be_kept(shell: Shell) -> None:
    with running(shell.folder, FakeClock(SystemClock().now_ms())) as server:
        fill(server, server.sender("shop"), 1)
    (shell.folder / "audit.heads").unlink()
    assert shell("audit", "verify").stderr == ""


@pytest.mark.usefixtures("trail")
def test_what_is_needed_beside_the_store_and_cannot_be_used_is_told(shell: Shell) -> None:
    (shell.folder / "audit.heads").write_text("x")
    for command in (["verify"], ["export"], ["seal", "--project", "shop", "--yes"]):
        assert "audit.heads cannot be read" in shell("audit", *command, code=1).stderr
    (shell.folder / "audit.heads").unlink()
    (shell.folder / "audit.key").write_bytes(b"x")
    assert "holds no key" in shell("audit", "verify", code=1).stderr
    (shell.folder / "audit.key").unlink()
    for command in (["verify"], ["export"], ["seal", "--project", "shop", "--yes"]):
        assert "the key that signs the audit trail is missing" in shell("audit", *command, code=1).stderr


@pytest.mark.usefixtures("trail")
def test_a_lost_key_is_mended_by_sealing(shell: Shell) -> None:
    (shell.folder / "audit.key").unlink()
    with running(shell.folder, FakeClock()):
        pass  # makes a new key
    assert "was not signed with the key of this store" in shell("audit", "verify", code=1).stderr
    asked = shell("audit", "seal", "--project", "shop", code=1)  # nobody answers
    assert "as it stands: the head of the chain was not signed" in asked.stderr
    assert "sign the chain of shop with the head 5:" in asked.stderr
    shell("audit", "verify", code=1)
    sealed = shell("audit", "seal", "--project", "shop", "--yes")
    assert sealed.stderr.splitlines()[-1].startswith("sealed shop, head 5:")
    shell("audit", "verify")
    with running(shell.folder, FakeClock()) as server:
        assert keep(server)
    shell("audit", "verify")


def test_sealing_takes_in_the_stubs_and_an_older_copy(shell: Shell, tmp_path: Path) -> None:
    def filling(server: Server, sender: Sender) -> None:
        server.administer(projects.set_values, "shop", audit_retention_days=1)
        fill(server, sender, 3)
        server.clock.turn(2 * DAY)
        fill(server, sender, 2)
        expire(server)

    filled(shell.folder, filling)
    copy = tmp_path / "copy.db"
    shutil.copy(shell.folder / "logserver.db", copy)
    with running(shell.folder, FakeClock()) as server:
        project = only_project(server)
        fill(server, Sender(project, server.token(project)), 2)
    shutil.copy(copy, shell.folder / "logserver.db")
    assert "2 events are missing" in shell("audit", "verify", code=1).stderr
    (shell.folder / "audit.key").unlink()
    with running(shell.folder, FakeClock()):
        pass
    shell("audit", "seal", "--project", "shop", "--yes")
    assert shell("audit", "verify").stdout.startswith("shop: 2 events verified, 1 stub of retention, head 5:")


def test_sealing_does_not_mend_what_was_changed(shell: Shell, trail: list[str]) -> None:
    changed(shell, 2)
    sealed = shell("audit", "seal", "--project", "shop", "--yes")
    assert f"as it stands: {trail[1]} (number 2) was changed" in sealed.stderr
    assert trail[1] in shell("audit", "verify", code=1).stderr
    shell("project", "create", "empty")
    assert "no chain" in shell("audit", "seal", "--project", "empty", "--yes", code=1).stderr


def exported(shell: Shell, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in shell("audit", "export", *arguments).stdout.splitlines()]


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_audit", EXAMPLES / "verify_audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_export_has_all_that_is_needed_to_verify_it(shell: Shell, trail: list[str]) -> None:
    result = shell("audit", "export")
    first, *lines, last = (json.loads(line) for line in result.stdout.splitlines())
    head = shell.json("audit", "verify")[0]["head"]
    assert (first["format"], first["slug"]) == ("logserver-audit-1", "shop")
    assert {"project", "public_key", "hash", "head_signature", "stub_signature"} < set(first)
    assert [line["seq"] for line in lines] == [1, 2, 3, 4, 5]
    assert [line["event"]["id"] for line in lines] == trail
    assert lines[0]["previous_hash"] == "0" * 64
    assert [line["previous_hash"] for line in lines[1:]] == [line["content_hash"] for line in lines[:-1]]
    assert f"{last['head']['seq']}:{last['head']['hash']}" == head
    assert result.stderr == f"head {head}\n"


def everything(server: Server, sender: Sender) -> list[str]:
    """A trail with all that can be in one."""
    server.administer(projects.set_values, sender.project.slug, audit_retention_days=1)
    fill(server, sender, 2)
    ids = send(server, sender, event(occurred_at=ago(server, -500)))
    fill(server, sender, 2)
    server.clock.turn(DAY + 300)
    expire(server)
    metadata = {"rate": 0.1, "😀": "\x00", "\ue000": [1e21, -0.0], "n": 2**53 - 1, "é": {"": None}}
    ids += send(server, sender, event(metadata=metadata), event(metadata={"note": "078-05-1120"}))
    return ids + claim(server, sender.project, 2)


def test_a_third_party_verifies_an_export(shell: Shell, example: ModuleType) -> None:
    ids = filled(shell.folder, everything)
    lines = shell("audit", "export").stdout.splitlines()
    parts = [json.loads(line) for line in lines[1:-1]]
    assert [part["event"]["id"] for part in parts if "event" in part] == ids
    assert [part["stub"]["first"] for part in parts if "stub" in part] == [1, 4]
    assert example.verify(lines) == shell.json("audit", "verify")[0]["head"]
    for at in range(1, len(lines) - 1):
        for tampered in (
            lines[:at],
            [*lines[:at], *lines[at + 1 :]],
            [*lines[:at], lines[at], *lines[at:]],
            [*lines[:at], other(lines[at]), *lines[at + 1 :]],
            [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]],
        ):
            with pytest.raises(ValueError, match=r"the chain breaks|the last line is missing"):
                example.verify(tampered)


def other(line: str) -> str:
    """The line with something changed in it."""
    part = json.loads(line)
    if "event" in part:
        part["event"]["tenant_id"] += "x"
    else:
        [inner] = part.values()
        inner["hash"] = inner["hash"][::-1]
    return json.dumps(part)


@pytest.mark.usefixtures("trail")
def test_the_example_runs_as_it_is_documented(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text(shell("audit", "export").stdout, encoding="utf-8")
    command = [sys.executable, str(EXAMPLES / "verify_audit.py"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == shell.json("audit", "verify")[0]["head"]
    path.write_text(path.read_text(encoding="utf-8").replace('"u1"', '"u2"', 1), encoding="utf-8")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the chain breaks at number 1" in done.stderr


def test_a_part_of_a_trail_says_so_and_is_verified_line_by_line(
    shell: Shell, trail: list[str], example: ModuleType
) -> None:
    with running(shell.folder, FakeClock()) as server:
        began = [each.time for each in server.events(only_project(server))]
    since, until = (iso_text(began[at]) for at in (1, 3))
    lines = shell("audit", "export", "--since", since, "--until", until).stdout.splitlines()
    first, *events, _ = (json.loads(line) for line in lines)
    assert "partial" in first
    assert (first["since"], first["until"]) == (since, until)
    assert [line["event"]["id"] for line in events] == trail[1:3]
    example.verify(lines)
    with pytest.raises(ValueError, match="the chain breaks at number 2"):
        example.verify([lines[0], other(lines[1]), *lines[2:]])
    assert [line["event"]["id"] for line in exported(shell, "--since", since)[1:-1]] == trail[1:]
    assert [line["event"]["id"] for line in exported(shell, "--until", since)[1:-1]] == trail[:1]
    assert "--since must lie before" in shell("audit", "export", "--since", until, "--until", since, code=2).stderr


def only_project(server: Server) -> projects.Project:
    with transaction(server.folder) as tx:
        return projects.by_slug(tx, "shop")


@pytest.mark.usefixtures("trail")
def test_a_project_is_named_where_there_are_several(shell: Shell) -> None:
    filled(shell.folder, slug="bank")
    assert "name one of bank, shop with --project" in shell("audit", "export", code=2).stderr
    assert exported(shell, "--project", "bank")[0]["slug"] == "bank"


@pytest.mark.usefixtures("trail")
def test_an_event_that_cannot_be_read_is_null(shell: Shell) -> None:
    tamper(
        shell.folder,
        "UPDATE events SET context = 'x' WHERE id = (SELECT event FROM audit_links WHERE seq = 2)",
        "DELETE FROM events WHERE id = (SELECT event FROM audit_links WHERE seq = 4)",
    )
    assert [line["event"] is None for line in exported(shell)[1:-1]] == [False, True, False, True, False]
    assert [row[0] == "" for row in rows(shell("audit", "export", "--format", "csv"))[1:]] == [
        False,
        True,
        False,
        True,
        False,
    ]


def rows(result: Result) -> list[list[str]]:
    return list(csv.reader(io.StringIO(result.stdout_bytes.decode(), newline="")))


def test_csv_has_a_row_an_event(shell: Shell) -> None:
    def filling(server: Server, sender: Sender) -> None:
        send(
            server,
            sender,
            event(
                actor={"id": "u1", "type": "user", "name": 'Ann, "the\n1st"', "email": "ann@acme.example"},
                target={"id": "d1", "type": "doc", "name": "été"},
                context={"ip_address": "203.0.113.7", "user_agent": "curl/8"},
                metadata={"a": [1, "é"]},
                changes=[{"field": "x"}],
            ),
            event(),
        )

    filled(shell.folder, filling)
    head, full, bare = rows(shell("audit", "export", "--format", "csv"))
    named = dict(zip(head, full, strict=True))
    assert ",".join(head) == (
        "id,occurred_at,received_at,tenant_id,actor_id,actor_type,actor_name,actor_email,action,category,target_type,"
        "target_id,target_name,ip_address,user_agent,metadata,changes,content_hash,seq"
    )
    assert named.pop("id").startswith("evt_")
    assert len(named.pop("content_hash")) == 64
    assert named == {
        "occurred_at": "2026-09-21T14:13:30.250Z",
        "received_at": "2026-09-21T14:13:30.250Z",
        "tenant_id": "acme",
        "actor_id": "u1",
        "actor_type": "user",
        "actor_name": 'Ann, "the\n1st"',
        "actor_email": "ann@acme.example",
        "action": "user.signed_in",
        "category": "auth",
        "target_type": "doc",
        "target_id": "d1",
        "target_name": "été",
        "ip_address": "203.0.113.7",
        "user_agent": "curl/8",
        "metadata": '{"a":[1,"é"]}',
        "changes": '[{"field":"x"}]',
        "seq": "1",
    }
    assert bare[10:17] == [""] * 7


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_csv_is_a_formula(shell: Shell, begin: str) -> None:
    evil = f"{begin}HYPERLINK(1)"

    def filling(server: Server, sender: Sender) -> None:
        sent = event(tenant_id=f"{evil}t", actor={"id": evil, "type": "user", "name": evil, "email": evil})
        send(server, sender, sent | {"target": {"id": evil, "type": evil, "name": evil}})
        send(server, sender, event(context={"ip_address": evil, "user_agent": evil}))

    filled(shell.folder, filling)
    cells = [cell for row in rows(shell("audit", "export", "--format", "csv"))[1:] for cell in row]
    assert len([cell for cell in cells if "HYPERLINK" in cell]) == 9
    assert not [cell for cell in cells if cell.startswith(begin)]
    assert f"'{evil}" in cells


def test_an_export_of_a_part_as_csv(shell: Shell, trail: list[str]) -> None:
    assert [row[0] for row in rows(shell("audit", "export", "--format", "csv"))[1:]] == trail
    assert len(rows(shell("audit", "export", "--format", "csv", "--since", "2999-01-01"))) == 1


@pytest.mark.usefixtures("trail")
def test_whoever_has_read_enough_ends_it_quietly(shell: Shell, start: Start) -> None:
    tamper(
        shell.folder,
        "UPDATE events SET context = json_set(context, '$.metadata.pad', printf('%.*c', 200000, 'x'))",
    )
    process = start(shell.folder, "audit", "export")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.wait(30) == 1
    assert process.stderr.read() == ""
    process.stderr.close()
    process.stdout = process.stderr = None


def test_a_trail_is_verified_and_exported_beside_its_server(shell: Shell) -> None:
    with running(shell.folder, FakeClock()) as server:
        sender = server.sender("shop")
        for _ in range(5):
            fill(server, sender, 3)
            shell("audit", "verify")
            exported(shell)
        shell("audit", "seal", "--project", "shop", "--yes")
        fill(server, sender, 1)
        keep(server)
        assert shell("audit", "verify").stdout.startswith("shop: 16 events verified")


def test_a_long_chain_shows_how_far_it_is_on_a_terminal_only(
    shell: Shell, trail: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["logserver.cli.audit"], "_MANY_LINKS", len(trail))
    assert "verifying" not in shell("audit", "verify").stderr
    terminal, other_end = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _ON_A_TERMINAL, str(shell.folder)], stdout=subprocess.PIPE, stderr=other_end, text=True
    )
    told, _ = process.communicate(timeout=60)
    os.close(other_end)
    shown = os.read(terminal, 10_000).decode()
    os.close(terminal)
    assert told.startswith("shop: 5 events verified")
    assert "verifying" in shown
    assert "100%" in shown


_ON_A_TERMINAL = """
import sys
from logserver.cli import main
sys.modules["logserver.cli.audit"]._MANY_LINKS = 5
main(["audit", "verify", "--data", sys.argv[1]])
"""


def test_search_finds_audit_events_by_what_they_are(shell: Shell) -> None:
    def filling(server: Server, sender: Sender) -> list[str]:
        ids = send(
            server,
            sender,
            event(action="user.created", target={"id": "d1", "type": "doc"}),
            event(action="user.deleted", tenant_id="other", actor={"id": "u2", "type": "service"}),
        )
        return ids + claim(server, sender.project, 1)

    created, deleted, claimed = filled(shell.folder, filling)
    for query, found in {
        "type:audit": [deleted, created, claimed],
        "action:user.created": [created],
        "action:user.*": [deleted, created],
        "tenant_id:acme": [created, claimed],
        "actor.id:u2": [deleted],
        "target.type:doc": [created],
        "user deleted": [deleted],
        "type:log": [],
    }.items():
        assert [line["id"] for line in shell.lines("search", query)] == found, query
    assert "shop audit  user.created" in shell("search", "action:user.created").stdout
