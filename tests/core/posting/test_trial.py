"""A message that tells of nothing."""

import msgspec
import pytest

from logserver.core.faults import Conflict, NotFound
from logserver.core.posting import messages, post, targets, trial, webhooks
from logserver.core.projects import Project
from logserver.store.tx import Tx
from tests.fakes import START_MS


def hook(tx: Tx, project: Project, *, enabled: bool = True) -> str:
    made, _ = webhooks.create(
        tx,
        project.number,
        url="https://x.example/",
        events=["alert.resolved", "critical"],
        enabled=enabled,
        now_ms=START_MS,
        allow_private=False,
        mail=False,
    )
    return made.id


def test_it_goes_to_one_webhook_whatever_that_wants(tx: Tx, project: Project) -> None:
    chosen, other = hook(tx, project), hook(tx, project)
    trial.send(tx, project.number, chosen, START_MS)
    listed = post.deliveries(tx, [chosen, other])
    assert ([each.type for each in listed[chosen]], listed[other]) == (["alert.test"], [])


def test_a_chat_is_told_that_it_is_a_test(tx: Tx, project: Project) -> None:
    trial.send(tx, project.number, hook(tx, project), START_MS)
    (body,) = tx.execute("SELECT body FROM deliveries").fetchone()
    target = targets.read("https://hooks.slack.com/services/x")
    text = msgspec.json.decode(messages.payload(messages.shape(target), body))["text"]
    assert text.startswith("[LOW] webhook test\n")


def test_one_that_is_off_or_not_there_is_sent_nothing(tx: Tx, project: Project) -> None:
    with pytest.raises(Conflict):
        trial.send(tx, project.number, hook(tx, project, enabled=False), START_MS)
    with pytest.raises(NotFound):
        trial.send(tx, project.number + 1, hook(tx, project), START_MS)
    assert tx.execute("SELECT count(*) FROM deliveries").fetchone() == (0,)
