"""Redaction, where a project has it for this contract, and entries whose sender answers for them."""

from typing import Any

import pytest

from logserver.core import projects
from logserver.core.redaction import rules
from tests.contracts.luminalog.sending import entry, raw, send
from tests.serving import Sender, Server

CARD = "4111 1111 1111 1111"
STAFF = "EMP-123456"


@pytest.fixture
def covered(server: Server) -> Sender:
    """A project whose rules run on this contract, one of its own among them."""
    sender = server.sender()
    server.administer(projects.set_values, sender.project.slug, redact_dialects=("luminalog",))
    server.administer(
        rules.create,
        sender.project.number,
        type="pattern",
        name="staff",
        pattern="EMP-[0-9]{6}",
        fields=None,
        behavior="replace",
        enabled=True,
        now_ms=server.clock.now_ms(),
    )
    return sender


def sensitive(**fields: Any) -> dict[str, Any]:
    return entry(
        message=f"{STAFF} paid with {CARD}",
        metadata={"card": CARD, "by": STAFF},
        error={"type": "E", "message": f"{CARD} declined for {STAFF}", "stack_trace": [f"at {CARD}"]},
        **fields,
    )


def stored(server: Server, sender: Sender, *entries: Any) -> list[str]:
    answer = send(server, raw(*entries), sender.token)
    assert answer.status_code == 200, answer.text
    return [str((event.message, event.context)) for event in server.events(sender.project)]


@pytest.mark.parametrize("said", [False, None, ...])
def test_entries_are_redacted_where_the_project_says_so(server: Server, covered: Sender, said: Any) -> None:
    (text,) = stored(server, covered, sensitive(privacy_mode=said))
    assert CARD not in text
    assert STAFF not in text
    assert server.rows("SELECT message FROM events WHERE message LIKE '%4111%' OR context LIKE '%4111%'") == []
    assert "4111" not in str(server.rows("SELECT title FROM error_groups"))


def test_in_privacy_mode_only_the_rules_of_ones_own_run(server: Server, covered: Sender) -> None:
    vouched, usual = stored(server, covered, sensitive(privacy_mode=True), sensitive())
    assert vouched.count(CARD) == 4
    assert STAFF not in vouched
    assert "'privacy_mode': True" in vouched
    assert CARD not in usual


def test_without_redaction_both_are_stored_as_they_are(server: Server, sender: Sender) -> None:
    texts = stored(server, sender, sensitive(privacy_mode=True), sensitive())
    assert [text.count(CARD) for text in texts] == [4, 4]


def test_what_counts_is_what_is_stored(server: Server, covered: Sender) -> None:
    long = entry(metadata={"by": STAFF * 100})
    used = send(server, raw(long), covered.token).json()["bytes_used"]
    assert used == send(server, raw(long), covered.token).json()["bytes_used"]
    sizes = server.rows("SELECT length(CAST(context AS BLOB)) FROM events")
    assert all(size < used < size + 100 for (size,) in sizes)
