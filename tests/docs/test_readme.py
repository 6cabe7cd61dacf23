"""What the README says to type works, in its order, as it stands there."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from tests.docs.user import User, blocks, needs
from tests.examples import EXAMPLES, README, ROOT
from tests.receiver import Receiver
from tests.whole.process import PATIENCE, environment, serving
from tests.whole.raw import EVENTS, Wire, log_event, request

_END = "end of a block"


def shows(*texts: str) -> Callable[[str], bool]:
    return lambda printed: all(text in printed for text in texts)


def is_empty(printed: str) -> bool:
    return printed == ""


def answers(path: str, value: Any) -> Callable[[str], bool]:
    """Whether the last JSON answer that was printed has a value at a path such as ``user.role``."""

    def check(printed: str) -> bool:
        found = json.loads(printed.replace("}{", "}\n{").splitlines()[-1])
        for name in path.split("."):
            found = found[int(name)] if name.isdigit() else found[name]
        return bool(found.startswith(value[:-1]) if isinstance(value, str) and value.endswith("*") else found == value)

    return check


PRINTED: list[tuple[str, Callable[[str], bool]]] = [
    ("TOKEN=", is_empty),
    ("MASTER=", is_empty),
    ("READER=", is_empty),
    ("logserver groups", shows("payment refused", '"slug":"nightly-backup"')),
    ("/api/v1/cli/", shows("disk almost full")),
    ("LINK=", is_empty),
    ("export LOGSERVER_AGENT", is_empty),
    ("token set", is_empty),
    ("project tiers", is_empty),
    ("/auth/reset-password", is_empty),
    ("/auth/me", answers("user.role", "admin")),
    ("/v1/logs", shows('"processed":1,', "user logged in")),
    ("/redaction/rules/builtin_email", answers("enabled", value=True)),
    ("/redaction/rules", answers("name", "staff numbers")),
    ("/redaction/test", answers("event.metadata.note", "******3456 paid with [REDACTED]")),
    ("/alerts/rules", answers("name", "many refunds")),
    ("/alerts/webhooks", answers("secret", "whsec_*")),
    ("/streams/claim", answers("event_count", 1)),
    ("/streams/", answers("status", "active")),
    ("/metric-configs", shows('"http_request_seconds","type":"histogram","value":0.035', '"version":1,')),
    ("logserver agent", shows("took_ms=35")),
    ("/metrics/agents", shows('http_requests_total{agent="', 'status="200"} 1.0', 'le="0.1"} 1.0')),
    (
        "audit verify",
        lambda printed: re.fullmatch(r"my-app: 1 event verified, head 1:[0-9a-f]{64}\n", printed) is not None,
    ),
    ("audit export", is_empty),
    ("/keys", answers("key", "pk_*")),
    ("/viewer-tokens", answers("token", "vt_*")),
    ('"action"', answers("ids.0", "evt_*")),
    ("curl", answers("status", "accepted")),
    ("search", shows("disk almost full")),
]
"""What a block prints, by a text that is in it: the first one that is counts."""


def test_every_command_does_what_the_text_around_it_says(user: User) -> None:
    needs("curl")
    typed = blocks("sh")
    state = str(user.home / "state")
    printed = user.types(f"\necho; echo {_END}\n".join(typed), LOGSERVER_AGENT_STATE=state).split(f"\n{_END}\n")
    assert len(printed) == len(typed)
    for block, text in zip(typed, printed, strict=True):
        mark, check = next((mark, check) for mark, check in PRINTED if mark in block)
        assert check(text), (mark, text)
    exported = (user.home / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line).get("seq") for line in exported] == [None, 1, None]
    assert user.messages() == {
        "disk almost full",
        "payment refused",
        "nightly-backup",
        "user logged in",
        "user.role.updated",
        "user.signed_up",
        "path=/orders status=200 took_ms=35",
    }
    (error,) = user.finds("exception.class:CardDeclined")
    assert error["occurred_at"] == "2026-11-21T08:30:00.000Z"
    status = user.runs("logserver", "status").stdout
    assert re.search(r"^agents +1 online$", status, re.MULTILINE)
    assert re.search(r"^monitors +1 ok$", status, re.MULTILINE)


def test_what_the_server_says_first_is_what_is_shown(tmp_path: Path) -> None:
    (shown,) = [block for block in blocks("text") if "listens" in block]
    command = [sys.executable, "-m", "logserver", "serve", "--data", str(tmp_path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=environment(), text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in shown.splitlines()]
        process.terminate()
        assert process.wait(PATIENCE) == 0
    # What it says to type names the program as it was called, and the folder where it is not the usual one.
    there = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:8080", "".join(said)).replace(f" --data {tmp_path}", "")
    there = there.replace(f"{sys.executable} -m logserver", ".venv/bin/logserver")
    there = re.sub(r"(?<=/welcome\?token=)[\w-]+", "…", there)
    assert there.replace(str(tmp_path), "/home/you/.local/share/logserver") == shown


def test_what_was_refused_is_noted_without_its_values(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with serving(tmp_path / "data") as server:
        user = User(server, home)
        token = user.token("shop")
        assert user.sends(token, {"event": {"level": "secret-level"}}).status == 422
        assert server.stop() == 0
        (note,) = user.finds("", "--project", "logserver")
    assert (note["context"]["status"], note["context"]["project"]) == (422, "shop")
    assert "secret-level" not in json.dumps(note)


def test_what_arrives_at_a_webhook_is_checked_as_it_says(tmp_path: Path) -> None:
    (check,) = [block for block in blocks("python") if "standardwebhooks" in block]
    home = tmp_path / "home"
    home.mkdir()
    with serving(tmp_path / "data", "--allow-private-webhooks") as server, Receiver() as receiver:
        user = User(server, home)
        token, master = user.token(), user.master_key()
        made = user.sends(master, {"url": receiver.url}, "/api/v1/alerts/webhooks").json()
        rule = {"group_by": "actor_id", "severity": "low", "window_seconds": 60, "threshold": 1, "action_pattern": "*"}
        assert user.sends(master, {"name": "all", **rule}, "/api/v1/alerts/rules").status == 201
        actor = {"id": "ann", "type": "user"}
        seen = {"action": "page.seen", "category": "access", "tenant_id": "acme", "actor": actor}
        assert user.sends(token, seen, "/api/v1/events").status == 201
        (arrived,) = receiver.wait_for(1)
    known = {"secret": made["secret"], "body": arrived.body, "headers": arrived.headers}
    exec(check, known)  # noqa: S102 - it is the README's
    assert (known["message"]["type"], known["message"]["data"]["group_key"]) == ("alert.triggered", "ann")
    with pytest.raises(WebhookVerificationError):
        exec(check, known | {"body": arrived.body + b" "})  # noqa: S102 - as above


def test_what_is_sent_again_is_told_apart(user: User) -> None:
    needs("curl")
    (block,) = [block for block in blocks("sh") if '"uuid"' in block]
    token = user.token()
    first, again = (json.loads(user.types(block, TOKEN=token)) for _ in range(2))
    assert again == first | {"duplicate": True}
    assert len(user.finds()) == 1


def test_a_copy_made_while_the_server_runs_is_put_back(user: User, tmp_path: Path) -> None:
    copy, restored = user.home / "logserver-2026-12-31.db", tmp_path / "restored"
    token = user.token()
    with Wire(user.server) as wire:
        assert wire.ask(request(EVENTS, token, log_event("before the copy"))).status == 201
        user.types(only("logserver backup", "/var/backups/", f"{user.home}/"))
        assert wire.ask(request(EVENTS, token, log_event("after the copy"))).status == 201
    assert copy.stat().st_mode & 0o077 == 0
    again = only("logserver restore", "/var/backups/", f"{user.home}/").replace("/var/lib/logserver-new", str(restored))
    user.types(again)
    user.types(again, code=1)
    with serving(restored) as server, Wire(server) as wire:
        assert user.messages("", "--data", str(restored)) == {"before the copy"}
        assert wire.ask(request(EVENTS, token, log_event("after the restore"))).status == 201
        assert user.messages("copy OR restore", "--data", str(restored)) == {"before the copy", "after the restore"}


def test_a_project_is_moved_as_it_says(user: User, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with serving(other), Wire(user.server) as wire:
        assert wire.ask(request(EVENTS, user.token(), log_event("on its way"))).status == 201
        typed = only("logserver export", "my-app.jsonl.zst", f"{user.home}/my-app.jsonl.zst")
        typed = typed.replace("/srv/other", str(other))
        user.types(typed + typed.splitlines()[1])
        assert user.messages("", "--data", str(other)) == {"on its way"}


def only(command: str, here: str, there: str) -> str:
    """The README's one block of text that begins with a command, with another place in it."""
    (block,) = re.findall(f"```text\n({command}.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return str(block).replace(here, there)


def test_every_link_leads_somewhere_and_every_example_is_linked() -> None:
    linked = set()
    for page in (README, *EXAMPLES.glob("*.md")):
        for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            if "://" in link:
                continue
            file, _, place = link.partition("#")
            there = (page.parent / file).resolve() if file else page
            assert there.is_file(), (page.name, link)
            assert not place or place in headings(there), (page.name, link)
            linked.add(there)
    assert {path for path in EXAMPLES.rglob("*") if path.is_file()} <= linked, "each is linked from a page"


def headings(page: Path) -> set[str]:
    """What a link names the headings of a page by."""
    heads = re.findall("^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub("[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in heads}


def test_the_scripts_can_be_run() -> None:
    scripts = [ROOT / ".ci" / "run", *EXAMPLES.rglob("*.sh")]
    assert [path.name for path in scripts if not os.access(path, os.X_OK)] == []


def test_the_checks_use_the_two_commands_of_the_readme() -> None:
    checks = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    run, test = (block.strip() for block in blocks("bash"))
    install, _, serve = run.rpartition(" && ")
    assert install in checks
    assert serve in checks
    install, _, pytest_command = test.rpartition(" && ")
    assert install in checks
    assert checks.splitlines()[-1] == pytest_command


def test_the_audit_trail_is_guarded_as_it_says(user: User) -> None:
    token = user.token("my-app")
    sent = [
        {"action": f"item.n{n}", "category": "auth", "tenant_id": "acme", "actor": {"id": "u", "type": "user"}}
        for n in range(3)
    ]
    with Wire(user.server) as wire:
        assert [wire.ask(request("/api/v1/events", token, each)).status for each in sent] == [201] * 3
    head = user.runs("logserver", "audit", "verify").stdout.split()[-1]
    user.types("logserver project set my-app --audit-retention-days 365")
    assert user.server.stop() == 0
    for name in ("audit.key", "audit.heads"):
        assert (user.server.folder / name).stat().st_mode & 0o777 == 0o600
    user.types(f"logserver audit verify --project my-app --head {head}")
    with closing(sqlite3.connect(user.server.folder / "logserver.db")) as store, store:
        store.execute("DELETE FROM audit_links WHERE seq = 2")
    broken = user.runs("logserver", "audit", "verify", code=1).stderr
    assert re.search("1 event is missing after evt_[0-9A-Z]{26}, before evt_[0-9A-Z]{26}", broken)
    asked = user.runs("sh", "-c", "echo n | logserver audit seal --project my-app", code=1)
    assert "sign the chain of my-app" in asked.stderr
