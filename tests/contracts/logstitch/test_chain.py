import hashlib
import logging
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from logserver.contracts.logstitch import signing
from logserver.contracts.logstitch.events import Draft
from logserver.core import projects
from tests.contracts.logstitch.asked import EVENTS, ask, event
from tests.contracts.logstitch.trails import (
    DAY,
    ago,
    check,
    claim,
    expire,
    fill,
    running,
    send,
    tamper,
    whole,
)
from tests.fakes import FakeClock
from tests.serving import Sender, Server


def shown(server: Server, sender: Sender) -> dict[str, dict[str, Any]]:
    """Every event by its id, as the API shows it."""
    answer = ask(server, "GET", EVENTS, sender.token, limit=100)
    assert answer.status_code == 200
    assert answer.json()["cursor"] is None
    return {each["id"]: each for each in answer.json()["events"]}


def rehashed(found: dict[str, dict[str, Any]], ids: list[str]) -> list[str]:
    """The hashes of events in this order, computed from what anybody can see."""
    last, hashes = "0" * 64, []
    for each in ids:
        content = {name: value for name, value in found[each].items() if name != "content_hash"}
        last = hashlib.sha256(f"{last}\n".encode() + rfc8785.dumps(content)).hexdigest()
        hashes.append(last)
    return hashes


def test_each_event_carries_the_hash_of_those_before_it(server: Server, sender: Sender) -> None:
    ids = send(server, sender, event(), event(metadata={"rate": 0.1, "é": 1}), event(changes=[{"field": "a"}]))
    ids += send(server, sender, event(target={"id": "t", "type": "doc"}))
    found = shown(server, sender)
    assert [found[each]["content_hash"] for each in ids] == rehashed(found, ids)


def test_the_chain_runs_in_the_order_of_arrival_whenever_events_happened(server: Server, sender: Sender) -> None:
    ids = [
        send(server, sender, event(occurred_at=ago(server, seconds)))[0] for seconds in (0, 3_600, 60, 86_400 * 20, 30)
    ]
    found = shown(server, sender)
    assert [found[each]["content_hash"] for each in ids] == rehashed(found, ids)
    assert list(found) == [ids[0], ids[4], ids[2], ids[1], ids[3]]
    assert whole(server.folder, sender.project).events == 5


def test_the_head_is_signed_with_the_key_of_the_folder(server: Server, sender: Sender) -> None:
    [last] = send(server, sender, event())
    [(seq, hash_, signature)] = server.rows("SELECT seq, hash, signature FROM audit_heads")
    assert (seq, hash_.hex()) == (1, shown(server, sender)[last]["content_hash"])
    signer = signing.existing(server.folder)
    assert signer is not None
    message = f"logserver audit head 1\n{sender.project.uuid}\n1\n{hash_.hex()}"
    Ed25519PublicKey.from_public_bytes(signer.public).verify(signature, message.encode())
    assert (server.folder / "audit.key").stat().st_mode & 0o777 == 0o600


def test_projects_have_chains_of_their_own(server: Server) -> None:
    one, other = server.sender(), server.sender()
    for sender in (one, other, one):
        send(server, sender, event())
    assert server.rows("SELECT project, seq FROM audit_links ORDER BY 1, 2") == [(1, 1), (1, 2), (2, 1)]
    assert (whole(server.folder, one.project).events, whole(server.folder, other.project).events) == (2, 1)


def test_what_was_refused_or_known_makes_no_link(server: Server, sender: Sender) -> None:
    send(server, sender, event(idempotency_key="k"), event(idempotency_key="k"))
    send(server, sender, event(idempotency_key="k"))
    assert server.post(EVENTS, [event(), event(action="wrong")], sender.token).status_code == 422
    assert whole(server.folder, sender.project).events == 1


def test_a_transaction_that_fails_leaves_the_chain_as_it_was(server: Server, sender: Sender) -> None:
    send(server, sender, event())
    before = server.rows("SELECT * FROM audit_heads")

    def store_and_fail(tx: Any) -> None:
        drafts = server.app.trail.store(tx, sender.project, [Draft(event(), None)], server.clock.now_ms())
        assert drafts.ids
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        server.write(store_and_fail)
    assert server.rows("SELECT * FROM audit_heads") == before
    send(server, sender, event())
    assert whole(server.folder, sender.project).events == 2


def test_a_restart_goes_on_where_the_chain_was(tmp_path: Path, clock: FakeClock) -> None:
    sender = None
    for _ in range(3):
        with running(tmp_path / "data", clock) as server:
            sender = sender or server.sender()
            fill(server, sender, 2)
    assert sender is not None
    assert whole(tmp_path / "data", sender.project).events == 6


def test_claimed_events_are_links_with_the_ids_they_had(server: Server, sender: Sender) -> None:
    send(server, sender, event())
    claimed = claim(server, sender.project, 3)
    send(server, sender, event())
    found = shown(server, sender)
    assert set(claimed) < set(found)
    assert whole(server.folder, sender.project).events == 5
    assert server.rows("SELECT arrived IS NULL FROM audit_links ORDER BY seq") == [(0,), (1,), (1,), (1,), (0,)]


def test_a_head_that_was_not_ours_is_gone_on_from_but_not_signed(
    server: Server, sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    fill(server, sender, 3)
    tamper(server.folder, "UPDATE audit_heads SET signature = x'00'", "UPDATE audit_heads SET hash = zeroblob(32)")
    fill(server, sender, 2)
    assert server.rows("SELECT seq, length(signature) FROM audit_heads") == [(5, 0)]
    told = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert [record.name for record in told] == ["logserver.audit"]
    assert sender.project.uuid in told[0].message


@pytest.mark.parametrize(
    "change",
    ["DELETE FROM audit_heads", "UPDATE audit_heads SET seq = 1, hash = (SELECT hash FROM audit_links WHERE seq = 1)"],
)
def test_a_head_that_was_taken_away_or_put_back_does_not_keep_events_out(
    tmp_path: Path, clock: FakeClock, change: str
) -> None:
    with running(tmp_path / "data", clock) as server:
        sender = server.sender()
        fill(server, sender, 3)
    tamper(tmp_path / "data", change)
    with running(tmp_path / "data", clock) as server:
        fill(server, sender, 1)
        assert server.rows("SELECT seq, length(signature) FROM audit_heads") == [(4, 0)]
    assert check(tmp_path / "data", sender.project).broken is not None


def test_no_head_is_signed_anew_where_only_stubs_are_left(tmp_path: Path, clock: FakeClock) -> None:
    with running(tmp_path / "data", clock) as server:
        sender = server.sender()
        server.administer(projects.set_values, sender.project.slug, audit_retention_days=1)
        fill(server, sender, 3)
        clock.turn(2 * DAY)
        expire(server)
        assert server.count("audit_links") == 0
    tamper(tmp_path / "data", "DELETE FROM audit_heads")
    with running(tmp_path / "data", clock) as server:
        fill(server, sender, 1)
        assert server.rows("SELECT seq, length(signature) FROM audit_heads") == [(4, 0)]


def test_the_key_is_made_once_and_never_replaced(tmp_path: Path) -> None:
    assert signing.existing(tmp_path) is None
    made = signing.existing_or_new(tmp_path)
    assert signing.existing_or_new(tmp_path).public == made.public
    (tmp_path / "audit.key").write_bytes(b"short")
    with pytest.raises(signing.Unsigned, match="holds no key"):
        signing.existing_or_new(tmp_path)


def test_a_start_without_the_key_of_what_is_there_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "data"
    with running(folder, FakeClock()) as server:
        send(server, server.sender(), event())
    assert "is gone" not in caplog.text
    (folder / signing.FILE).unlink()
    with running(folder, FakeClock()):
        assert "the key that signed the audit trail is gone" in caplog.text


steps = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.lists(st.sampled_from([0, 1, 60, DAY // 2, 3 * DAY]), min_size=1, max_size=4)),
        st.tuples(st.just("claim"), st.integers(1, 3)),
        st.tuples(st.just("wait"), st.sampled_from([1, 60, DAY // 3, DAY])),
        st.tuples(st.just("expire"), st.none()),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(steps)
def test_any_history_verifies(tmp_path_factory: pytest.TempPathFactory, history: list[tuple[str, Any]]) -> None:
    folder = tmp_path_factory.mktemp("history") / "data"
    with running(folder, FakeClock()) as server:
        sender = server.sender()
        server.administer(projects.set_values, sender.project.slug, audit_retention_days=1)
        sent = 0
        for what, value in history:
            if what == "send":
                send(server, sender, *(event(occurred_at=ago(server, seconds)) for seconds in value))
                sent += len(value)
            elif what == "claim":
                claim(server, sender.project, value, first=sent + 1)
                sent += value
            elif what == "wait":
                server.clock.turn(value)
            else:
                expire(server)
        found = whole(folder, sender.project)
        assert found.events == server.count("audit_links") == server.count("events")
        assert found.head.seq == sent
