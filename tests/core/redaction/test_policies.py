"""Policies are as the rules are in the transaction that asks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from logserver.core import projects
from logserver.core.faults import NotFound
from logserver.core.projects import Project
from logserver.core.redaction import rules
from logserver.core.redaction.engine import Policies
from logserver.store.connections import connect
from logserver.store.database import transaction
from logserver.store.tx import Tx
from tests.core.redaction.making import SECRET
from tests.fakes import START_MS

MAIL = "bob@example.com"


@pytest.fixture
def policies() -> Policies:
    return Policies(SECRET)


class Store:
    """A store whose transactions the test itself begins and ends."""

    def __init__(self, folder: Path) -> None:
        with transaction(folder) as tx:
            self.project = projects.create(tx, slug="shop", now_ms=START_MS).number
        self.tx = connect(folder)

    def begin(self) -> None:
        self.tx.execute("BEGIN IMMEDIATE")

    def end(self, *, keep: bool) -> None:
        self.tx.execute("COMMIT" if keep else "ROLLBACK")

    def generation(self) -> int:
        return int(self.tx.execute("SELECT n FROM generation").fetchone()[0])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.tx.close()


def test_a_policy_is_compiled_once(tx: Tx, project: Project, policies: Policies) -> None:
    made = policies.of(tx, project.number)
    assert policies.of(tx, project.number) is made
    projects.changed(tx)
    assert policies.of(tx, project.number) is made


def test_a_change_holds_at_once(tx: Tx, project: Project, policies: Policies) -> None:
    assert policies.of(tx, project.number).redact_text(MAIL) == MAIL
    rules.change(tx, project.number, "builtin_email", enabled=True)
    assert policies.of(tx, project.number).redact_text(MAIL) == "[REDACTED]"
    rules.change(tx, project.number, "builtin_email", behavior="mask")
    assert policies.of(tx, project.number).redact_text(MAIL) == "***********.com"
    rules.change(tx, project.number, "builtin_email", enabled=False)
    rule = rules.create(
        tx,
        project.number,
        type="pattern",
        name="bob",
        pattern="bob",
        fields=None,
        behavior="replace",
        enabled=True,
        now_ms=START_MS,
    )
    assert policies.of(tx, project.number).redact_text(MAIL) == "[REDACTED]@example.com"
    rules.delete(tx, project.number, rule.id)
    assert policies.of(tx, project.number).redact_text(MAIL) == MAIL


def test_a_change_that_was_rolled_back_does_not_hold(store: Store, policies: Policies) -> None:
    store.begin()
    rules.change(store.tx, store.project, "builtin_email", enabled=True)
    assert policies.of(store.tx, store.project).redact_text(MAIL) == "[REDACTED]"
    used = store.generation()
    store.end(keep=False)
    assert policies.of(store.tx, store.project).redact_text(MAIL) == MAIL

    store.begin()
    rules.change(store.tx, store.project, "builtin_email", enabled=True)
    assert policies.of(store.tx, store.project).redact_text(MAIL) == "[REDACTED]"
    store.end(keep=False)
    store.begin()
    rules.change(store.tx, store.project, "builtin_email", behavior="mask", enabled=True)
    assert store.generation() == used
    assert policies.of(store.tx, store.project).redact_text(MAIL) == "***********.com"
    store.end(keep=True)
    assert policies.of(store.tx, store.project).redact_text(MAIL) == "***********.com"


def test_two_transactions_at_once_have_their_own(store: Store, policies: Policies, tmp_path: Path) -> None:
    reader = connect(tmp_path)
    store.begin()
    rules.change(store.tx, store.project, "builtin_email", enabled=True)
    for _ in range(2):
        assert policies.of(store.tx, store.project).redact_text(MAIL) == "[REDACTED]"
        assert policies.of(reader, store.project).redact_text(MAIL) == MAIL
    store.end(keep=True)
    assert policies.of(reader, store.project).redact_text(MAIL) == "[REDACTED]"
    reader.close()


def test_projects_have_their_own(tx: Tx, project: Project, policies: Policies) -> None:
    others = [projects.create(tx, slug=f"p{number}", now_ms=START_MS) for number in range(40)]
    rules.change(tx, project.number, "builtin_email", enabled=True)
    for _ in range(2):
        assert policies.of(tx, project.number).redact_text(MAIL) == "[REDACTED]"
        for other in others:
            assert policies.of(tx, other.number).redact_text(MAIL) == MAIL


def test_a_project_says_which_dialects_it_covers(tx: Tx, project: Project, policies: Policies) -> None:
    assert policies.covers(tx, project.number, "logstitch")
    assert not policies.covers(tx, project.number, "logister")
    tx.execute(
        "UPDATE projects SET redact_dialects = ? WHERE number = ?", ('["logister", "luminalog"]', project.number)
    )
    assert policies.covers(tx, project.number, "logister")
    assert not policies.covers(tx, project.number, "logstitch")
    assert not policies.covers(tx, project.number, "log")
    with pytest.raises(NotFound):
        policies.covers(tx, 4000, "logstitch")
