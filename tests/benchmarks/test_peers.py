"""The figures beside a peer: the load is what it says, and without the peer there is no figure and no failure."""

import json
from itertools import islice
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import main
from tests.benchmarks.bugsink import programs
from tests.benchmarks.crashes import crashes
from tests.benchmarks.ingest import SINGLE
from tests.benchmarks.peers import ours
from tests.benchmarks.plan import Plan
from tests.serving import Sender, Server


def test_without_bugsink_the_figure_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOGSERVER_BUGSINK", str(tmp_path))

    assert main(["peers", "--quick", "--folder", str(tmp_path), "--json", str(tmp_path / "figures.json")]) == 0

    assert "skipped: LOGSERVER_BUGSINK" in capsys.readouterr().err


def test_an_error_says_the_same_in_both_dialects(server: Server, sender: Sender) -> None:
    for crash in islice(crashes(1), 20):
        head, item, body, _ = crash.as_envelope().split(b"\n")
        assert json.loads(item)["length"] == len(body)
        theirs, mine = json.loads(body), json.loads(crash.as_submission())["event"]
        assert json.loads(head)["event_id"] == theirs["event_id"] == mine["uuid"].replace("-", "")
        (raised,) = theirs["exception"]["values"]
        exception = mine["context"]["exception"]
        assert (raised["type"], raised["value"]) == (exception["class"], exception["message"])
        frames = [(frame["filename"], frame["lineno"], frame["function"]) for frame in raised["stacktrace"]["frames"]]
        assert frames == [(frame["filename"], frame["lineno"], frame["name"]) for frame in exception["frames"]]
        assert theirs["tags"].items() <= mine["context"].items()

        sent = {"Authorization": f"Bearer {sender.token}", "Content-Type": "application/json"}
        assert server.client.post(SINGLE, content=crash.as_submission(), headers=sent).status_code == 201


def test_a_round_counts_what_was_answered_and_what_is_left_after_sigkill(tmp_path: Path) -> None:
    side = ours(Plan(tmp_path, rounds=1, seconds=0.3, warm_up=0.05), 1)

    assert side.digested == len(side.busy.waits) > 0
    assert not side.busy.refused
    assert side.acknowledged > 0
    assert side.lost == 0
    assert side.bytes_an_event > 0


def test_a_round_of_bugsink(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if programs() is None:
        pytest.skip("LOGSERVER_BUGSINK names no folder with Bugsink's programs")
    path = tmp_path / "figures.json"

    assert main(["peers", "--quick", "--folder", str(tmp_path), "--json", str(path)]) == 0

    results = {result["figure"]: result for result in json.loads(path.read_bytes())["results"]}
    assert results["errors digested"]["beside"] > 0
    assert "Bugsink" in capsys.readouterr().out
