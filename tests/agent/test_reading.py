import gzip
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logserver.agent.folder import Folder
from logserver.agent.ledger import COMMIT_SECONDS, FILE, Ledger
from logserver.agent.reading import FIRST_RULES_SECONDS, PAUSED_BYTES, Reading
from logserver.agent.spool import Spool
from logserver.agent.watching import Watching
from logserver.core.lines.filters import LineFilter
from logserver.core.metrics.extraction import RuleSet
from logserver.core.metrics.rules import MetricConfig
from tests.agent.scripted import Scripted, nothing
from tests.fakes import FakeClock

ORDERS = {"name": "orders", "type": "counter", "pattern": "order"}
REFUNDS = {"name": "refunds", "type": "counter", "pattern": "refund"}


def rules(*metrics: dict[str, Any]) -> RuleSet:
    return RuleSet([msgspec.convert({"name": "test", "metrics": list(metrics)}, MetricConfig)])


class Run:
    """One life of the part of an agent that reads, on a folder; nothing of it is kept in memory for the next."""

    def __init__(self, folder: Folder, lines: list[bytes], *, ship: bool = False, at_a_time: int = 10) -> None:
        self.clock = FakeClock()
        self.away = False
        self.told = 0
        self.ledger = Ledger(folder, self.clock, lines_megabytes=100)
        self.watching = Watching(nothing, nothing)
        self.source = Scripted(lines, self.ledger.places, at_a_time=at_a_time)
        self.reading = Reading(
            self.source,
            self.ledger,
            self.watching,
            self.clock,
            files=True,
            ship=ship,
            metrics_seconds=60,
            away=lambda: self.away,
            on_batches=self._tell,
        )
        self.reading.begin()

    def _tell(self) -> None:
        self.told += 1

    def sent(self, spool: Spool) -> list[dict[str, Any]]:
        """All that waits in a spool, which is empty after it."""
        bodies = []
        while (found := spool.first()) is not None:
            batch, data = found
            bodies.append(json.loads(gzip.decompress(data)))
            spool.done(batch)
        return bodies

    def points(self) -> dict[str, float]:
        """Sums of the counters that wait."""
        sums: dict[str, float] = {}
        for body in self.sent(self.ledger.points):
            for point in body["points"]:
                sums[point["name"]] = sums.get(point["name"], 0) + point["value"]
        return sums

    def lines(self) -> list[dict[str, Any]]:
        return [line for body in self.sent(self.ledger.lines) for line in body["logs"]]


def test_lines_are_counted_and_sent_by_the_minute(folder: Folder) -> None:
    run = Run(folder, [b"an order", b"a refund", b"another order"])
    run.reading.use(rules(ORDERS, REFUNDS))
    assert run.reading.turn()
    assert not run.reading.turn()
    assert run.points() == {}
    run.clock.turn(60)
    run.reading.turn()
    assert run.points() == {"orders": 2, "refunds": 1}
    assert run.told == 1
    run.clock.turn(60)
    run.reading.turn()
    assert (run.points(), run.told) == ({}, 1)
    assert run.ledger.counts.lines == 3


def test_what_was_counted_is_kept_over_a_crash_and_counted_once(folder: Folder) -> None:
    lines = [b"an order"] * 10
    run = Run(folder, lines)
    run.reading.use(rules(ORDERS))
    run.reading.turn()
    run.clock.turn(COMMIT_SECONDS)
    run.reading.turn()
    lines += [b"an order"] * 3
    run.reading.turn()  # these are read and not committed yet
    run = Run(folder, lines)
    run.reading.use(rules(ORDERS))
    run.reading.turn()
    run.reading.stop()
    run.reading.run()
    assert run.points() == {"orders": 13}
    assert run.source.closed
    assert run.ledger.counts.lines == 13


def test_nothing_is_sent_before_it_is_committed(folder: Folder) -> None:
    run = Run(folder, [b"an order"], ship=True)
    run.reading.use(rules(ORDERS))
    run.reading.turn()
    assert (len(run.ledger.points), len(run.ledger.lines)) == (0, 0)
    assert json.loads((folder.path / FILE).read_bytes())["places"]["files"][0]["offset"] == 0
    run.clock.turn(60)
    run.reading.turn()
    assert (len(run.ledger.points), len(run.ledger.lines)) == (1, 1)
    assert json.loads((folder.path / FILE).read_bytes())["places"]["files"][0]["offset"] == 1


def test_an_idle_agent_writes_nothing(folder: Folder) -> None:
    run = Run(folder, [b"an order"])
    run.reading.use(rules(ORDERS))
    run.reading.turn()
    run.clock.turn(61)
    run.reading.turn()
    before = (folder.path / FILE).stat()
    for _ in range(5):
        run.clock.turn(61)
        run.reading.turn()
    assert (folder.path / FILE).stat().st_mtime_ns == before.st_mtime_ns


def test_new_rules_begin_with_a_new_tally(folder: Folder) -> None:
    lines = [b"an order 1"]
    timed = {"name": "timed", "type": "histogram", "pattern": "order ([0-9]+)", "value_capture": "$1"}
    run = Run(folder, lines)
    run.reading.use(rules(ORDERS, timed | {"buckets": [1, 2]}))
    run.reading.turn()
    lines += [b"an order 2", b"a refund"]
    run.reading.use(rules(REFUNDS, timed | {"buckets": [5]}))
    run.reading.turn()
    run.clock.turn(60)
    run.reading.turn()
    first, second = run.sent(run.ledger.points)
    assert first["batch_id"] != second["batch_id"]
    assert [(point["name"], point.get("value"), point.get("buckets")) for point in first["points"]] == [
        ("orders", 1, None),
        ("timed", None, {"1.0": 1, "2.0": 0, "+Inf": 0}),
    ]
    assert [(point["name"], point.get("value"), point.get("buckets")) for point in second["points"]] == [
        ("refunds", 1, None),
        ("timed", None, {"5.0": 1, "+Inf": 0}),
    ]


def test_an_agent_that_never_knew_rules_waits_a_while_for_them(folder: Folder) -> None:
    run = Run(folder, [b"an order"])
    assert not run.reading.turn()
    run.reading.use(rules(ORDERS))
    assert run.reading.turn()
    run = Run(folder, [b"an order"])
    run.clock.turn(FIRST_RULES_SECONDS)
    assert run.reading.turn()


def test_many_series_are_sent_in_parts_of_one_moment(folder: Folder) -> None:
    labelled = ORDERS | {"pattern": "order (?P<n>[0-9]+)", "labels": ["n"]}
    run = Run(folder, [b"order %d" % n for n in range(6_000)], at_a_time=6_000)
    run.reading.use(rules(labelled))
    run.reading.turn()
    run.clock.turn(60)
    run.reading.turn()
    bodies = run.sent(run.ledger.points)
    assert [len(body["points"]) for body in bodies] == [1_000] * 5
    assert len({body["batch_id"] for body in bodies}) == 5
    assert run.ledger.counts.values_dropped == 1_000


def test_shipped_lines_say_what_they_say(folder: Folder) -> None:
    lines = [b'{"level": "ERROR", "msg": "no stock", "time": "2026-09-21T10:00:00Z", "sku": 7}', b"plain \xff", b""]
    run = Run(folder, lines, ship=True)
    run.reading.use(rules())
    run.reading.turn()
    run.clock.turn(COMMIT_SECONDS)
    run.reading.turn()
    shipped = run.lines()
    assert len({UUID(line.pop("id")) for line in shipped}) == 3
    assert shipped == [
        {
            "timestamp": "2026-09-21T10:00:00.000Z",
            "level": "error",
            "message": "no stock",
            "source": "/var/log/shop.log",
            "metadata": {"sku": 7},
        },
        {"timestamp": "2026-09-21T14:13:30.250Z", "message": "plain \ufffd", "source": "/var/log/shop.log"},
        {"timestamp": "2026-09-21T14:13:30.250Z", "message": "", "source": "/var/log/shop.log"},
    ]


def test_a_line_that_is_read_again_has_the_same_id(folder: Folder, tmp_path: Path) -> None:
    lines = [b"one", b"two"]
    run = Run(folder, lines, ship=True)
    run.reading.use(rules())
    run.reading.turn()
    run.reading.stop()
    shutil.copytree(folder.path, tmp_path / "before")
    run.reading.run()
    first = run.lines()
    other = Folder(tmp_path / "before", FakeClock())
    again = Run(other, lines, ship=True)
    again.reading.use(rules())
    again.reading.turn()
    again.reading.stop()
    again.reading.run()
    assert [line["id"] for line in again.lines()] == [line["id"] for line in first]


def test_reading_pauses_while_a_server_that_is_there_is_slow(folder: Folder) -> None:
    run = Run(folder, [b"line"] * 30, ship=True)
    run.reading.use(rules())
    run.ledger.lines.put(b"x" * (PAUSED_BYTES + 1), 1)
    run.ledger.lines.committed()
    assert not run.reading.turn()
    run.away = True
    assert run.reading.turn()
    run.away = False
    assert not run.reading.turn()
    found = run.ledger.lines.first()
    assert found is not None
    run.ledger.lines.done(found[0])
    assert run.reading.turn()


def test_few_lines_wait_for_more_while_others_wait_to_be_sent(folder: Folder) -> None:
    lines = [b"one"]
    run = Run(folder, lines, ship=True)
    run.reading.use(rules())
    for _ in range(3):
        run.reading.turn()
        run.clock.turn(COMMIT_SECONDS)
        lines += [b"more"]
    assert len(run.ledger.lines) == 2
    for _ in range(9):
        run.reading.turn()
        run.clock.turn(COMMIT_SECONDS)
        lines += [b"more"]
    assert len(run.ledger.lines) == 2
    run.clock.turn(10)
    run.reading.turn()
    assert len(run.ledger.lines) == 3


def test_while_the_state_cannot_be_written_nothing_is_read_or_forgotten(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [b"an order"] * 30
    run = Run(folder, lines, ship=True)
    run.reading.use(rules(ORDERS))
    run.reading.turn()
    shutil.rmtree(folder.path)
    run.clock.turn(60)
    run.reading.stop()  # so that it does not wait before it tries again
    with caplog.at_level(logging.WARNING, "logserver.agent"):
        assert run.reading.turn()
        assert not run.reading.turn()
        assert run.reading.trouble == "the state cannot be written: No such file or directory"
        (folder.path / "points").mkdir(parents=True)
        (folder.path / "lines").mkdir()
        run.reading.turn()
    assert run.reading.trouble == ""
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    run.reading.run()
    assert run.points() == {"orders": 20}
    assert len(run.lines()) == 20


def test_what_is_watched_is_shown(folder: Folder) -> None:
    run = Run(folder, [b"one order", b"two"])
    run.reading.use(rules())
    run.watching.use({"session": LineFilter.of('|= "order"')})
    run.reading.turn()
    [(data, sessions)] = run.watching.take().lines
    assert (json.loads(data)["message"], sessions) == ("one order", ["session"])


@settings(deadline=None)
@given(
    steps=st.lists(st.sampled_from(["turn", "write", "second", "minute", "rules", "crash", "send"]), max_size=40),
)
def test_whatever_happens_every_line_is_counted_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    folder = Folder(tmp_path_factory.mktemp("state"), FakeClock())
    lines: list[bytes] = []
    counted, shipped, number = 0.0, set[str](), 0
    run = Run(folder, lines, ship=True)

    def collect() -> None:
        nonlocal counted
        counted += run.points().get("orders", 0)
        shipped.update(line["id"] for line in run.lines())

    do: dict[str, Callable[[], Any]] = {
        "turn": lambda: Reading.turn(run.reading),
        "write": lambda: lines.extend([b"an order"] * 7),
        "second": lambda: run.clock.turn(COMMIT_SECONDS),
        "minute": lambda: run.clock.turn(60),
        "rules": lambda: run.reading.use(rules(ORDERS)),
        "send": collect,
    }
    run.reading.use(rules(ORDERS))
    for step in steps:
        if step == "crash":
            run = Run(folder, lines, ship=True)
            run.reading.use(rules(ORDERS))
            number += 1
        else:
            do[step]()
    while run.reading.turn():
        pass
    run.reading.stop()
    run.reading.run()
    collect()
    assert (counted, len(shipped)) == (len(lines), len(lines))
