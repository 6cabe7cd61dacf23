import json
from pathlib import Path
from typing import Any

import pytest

from logserver.core import projects
from logserver.core.posting import post, webhooks
from logserver.core.posting.post import Delivery, Outcome
from logserver.core.projects import Project
from logserver.store.database import transaction
from logserver.store.tx import Tx
from tests.core.posting.posting import ALERT
from tests.fakes import START_MS

TAKEN = Outcome(status=200)
FAILED = Outcome(status=500, error="answered with 500")
MONTH = 30 * 86_400_000


def hook(tx: Tx, project: Project, **values: Any) -> str:
    usual: dict[str, Any] = {"url": "https://example.com/", "now_ms": START_MS, "allow_private": False, "mail": False}
    return webhooks.create(tx, project.number, **usual | values)[0].id


def alert(tx: Tx, project: Project, now_ms: int = START_MS, **values: Any) -> int:
    return post.enqueue(tx, project.number, "alert.triggered", "high", {**ALERT, **values}, now_ms)


def due(tx: Tx, webhook: int = 1, now_ms: int = START_MS) -> Delivery:
    found = post.next_due(tx, webhook, now_ms)
    assert found is not None
    return found


def count(tx: Tx, table: str) -> int:
    return int(tx.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_a_message_is_written_to_every_webhook_that_wants_it(tx: Tx, project: Project) -> None:
    other = projects.create(tx, slug="other", now_ms=START_MS)
    assert alert(tx, project) == 0
    for events in ((), ("high",), ("low",), ("alert.resolved",)):
        hook(tx, project, events=events)
    hook(tx, other)
    hook(tx, project, enabled=False)
    assert alert(tx, project) == 2
    assert sorted(post.waiting(tx)) == [(1, START_MS), (2, START_MS)]
    first, second = due(tx, 1), due(tx, 2)
    assert first.body == second.body
    assert json.loads(first.body) == {
        "type": "alert.triggered",
        "timestamp": "2026-09-21T14:13:30.250Z",
        "data": ALERT,
    }
    assert first.message != second.message
    assert {first.message[:4], second.message[:4]} == {"msg_"}
    assert first.secret not in repr(first)


def test_what_waits_is_told_with_when_the_first_of_it_is_due(tx: Tx, project: Project) -> None:
    for _ in range(3):
        hook(tx, project)
    alert(tx, project, START_MS + 5)
    alert(tx, project, START_MS + 9)
    post.record(tx, due(tx, 2, START_MS + 5), TAKEN, START_MS + 6, START_MS + 7)
    assert sorted(post.waiting(tx)) == [(1, START_MS + 5), (2, START_MS + 9), (3, START_MS + 5)]
    assert post.next_due(tx, 1, START_MS + 4) is None
    webhooks.disable(tx, 1)
    assert sorted(post.waiting(tx)) == [(2, START_MS + 9), (3, START_MS + 5)]
    assert post.next_due(tx, 1, START_MS + 9) is None


def test_attempts_are_listed_newest_first_and_before_them_what_was_not_tried(tx: Tx, project: Project) -> None:
    webhook, other = hook(tx, project), hook(tx, project, enabled=False)
    for n in range(30):
        alert(tx, project, START_MS + n)
    assert [attempt.at - START_MS for attempt in post.deliveries(tx, [webhook])[webhook]] == [29, 28, 27, 26, 25]
    for n in range(25):
        post.record(tx, due(tx, now_ms=START_MS + n), FAILED, START_MS + 100 + n, START_MS + 200 + n)
    listed = post.deliveries(tx, [webhook, other])
    assert listed[other] == []
    assert [attempt.at - START_MS for attempt in listed[webhook]] == [*range(124, 109, -1), *range(29, 24, -1)]
    assert {attempt.type for attempt in listed[webhook]} == {"alert.triggered"}
    assert [(attempt.status, attempt.error) for attempt in listed[webhook]] == [(500, FAILED.error)] * 15 + [
        (None, None)
    ] * 5
    assert all(attempt.next_at is not None for attempt in listed[webhook])


def test_an_error_is_kept_short(tx: Tx, project: Project) -> None:
    webhook = hook(tx, project)
    alert(tx, project)
    post.record(tx, due(tx), Outcome(error="x" * 1_000), START_MS, START_MS)
    assert post.deliveries(tx, [webhook])[webhook][0].error == "x" * 200


def test_one_message_too_many_gives_up_the_oldest(tx: Tx, project: Project) -> None:
    webhook = hook(tx, project)
    for n in range(post.MOST_PENDING):
        alert(tx, project, START_MS + n)
    oldest = due(tx)
    assert alert(tx, project, START_MS + 5_000) == 1
    (_, *_, given_up) = sorted(post.deliveries(tx, [webhook])[webhook], key=lambda attempt: attempt.error or "")
    assert (given_up.message, given_up.next_at) == (oldest.message, None)
    assert given_up.error == "given up: 1,000 newer messages wait"
    assert due(tx, now_ms=START_MS + 1).created_at == START_MS + 1
    # Its attempt was under way and is recorded all the same.
    post.record(tx, oldest, FAILED, START_MS, START_MS + 6_000)
    assert post.next_due(tx, 1, START_MS) is None
    (pending,) = tx.execute("SELECT count(*) FROM deliveries WHERE next_at IS NOT NULL").fetchone()
    assert pending == post.MOST_PENDING


def test_no_more_than_a_thousand_are_kept_of_those_that_are_done(tx: Tx, project: Project) -> None:
    hook(tx, project)
    for n in range(post.KEPT_DONE + 20):
        alert(tx, project, START_MS + n)
        post.record(tx, due(tx, now_ms=START_MS + n), TAKEN, START_MS + n, START_MS + n)
    assert count(tx, "deliveries") == count(tx, "delivery_attempts") == post.KEPT_DONE
    assert tx.execute("SELECT min(created_at) FROM deliveries").fetchone() == (START_MS + 20,)


def test_what_was_done_a_month_ago_is_deleted_in_bounded_passes(tx: Tx, project: Project) -> None:
    hook(tx, project)
    for n in range(7):
        alert(tx, project, START_MS + n)
        if n < 6:
            post.record(tx, due(tx, now_ms=START_MS + n), TAKEN, START_MS + n, START_MS + n)
    assert not post.tidy(tx, START_MS + MONTH)
    assert [post.tidy(tx, START_MS + MONTH + 5, limit=2) for _ in range(3)] == [True, True, False]
    assert count(tx, "deliveries") == 2
    assert not post.tidy(tx, START_MS + 2 * MONTH)
    assert tx.execute("SELECT next_at FROM deliveries").fetchall() == [(START_MS + 6,)]
    assert count(tx, "delivery_attempts") == 0


@pytest.mark.parametrize("outcome", [Outcome(error="no", final=True), Outcome(status=410, error="gone", gone=True)])
def test_what_makes_no_sense_is_not_tried_again(tx: Tx, project: Project, outcome: Outcome) -> None:
    hook(tx, project)
    alert(tx, project)
    post.record(tx, due(tx), outcome, START_MS, START_MS + 1)
    assert tx.execute("SELECT next_at, done_at FROM deliveries").fetchall() == [(None, START_MS + 1)]
    assert tx.execute("SELECT enabled FROM webhooks").fetchall() == [(int(not outcome.gone),)]


def test_a_message_is_not_written_where_its_cause_is_not(tmp_path: Path) -> None:
    def fails(tx: Tx) -> None:
        project = projects.create(tx, slug="shop", now_ms=START_MS)
        hook(tx, project)
        assert alert(tx, project) == 1
        raise RuntimeError

    with pytest.raises(RuntimeError), transaction(tmp_path) as tx:
        fails(tx)
    with transaction(tmp_path) as tx:
        assert count(tx, "deliveries") == 0
