"""What the README says of edge agents, beside what is typed in its order: files, states, keys and filters."""

import json
import re
import signal
from collections.abc import Sequence
from contextlib import closing

import pytest

from logserver.agent.spool import MOST_HOURS
from logserver.agent.watching import MOST_BYTES
from logserver.cli import main
from logserver.contracts.logfleet import stream_wire
from logserver.core import tokens
from logserver.core.alerting import alert_rules
from logserver.core.fleet import agents
from logserver.core.lines import lines
from logserver.core.lines.filters import LineFilter
from logserver.core.metrics import points
from logserver.store.connections import connect_readonly
from tests.docs.user import User, blocks, readme
from tests.examples import EXAMPLES
from tests.whole.agents import until
from tests.whole.process import PATIENCE
from tests.whole.talking import Talk

FAST = {f"LOGSERVER_AGENT_{name}_INTERVAL": "0.2" for name in ("HEARTBEAT", "METRICS", "POLL")}


def section() -> str:
    """The section of the README, and the page that goes on with it."""
    begun = readme().partition("## Edge agents\n")[2].partition("\n## ")[0]
    return f"{begun}\n{(EXAMPLES / 'agents.md').read_text(encoding='utf-8')}"


def variables(user: User) -> dict[str, str]:
    """What an agent needs to know, its state in a folder of the test."""
    return {
        "LOGSERVER_AGENT_SERVER": user.server.base_url,
        "LOGSERVER_AGENT_KEY": user.token(kind="edge"),
        "LOGSERVER_AGENT_STATE": str(user.home / "state"),
        **FAST,
    }


def command(user: User, *, ship: bool) -> Sequence[str]:
    """The agent's command, with a folder of the test in place of that of the web server."""
    (block,) = [block for block in blocks("text") if block.startswith("logserver agent")]
    words = block.replace("/var/log/nginx", str(user.home)).replace("'", "").split()
    return [word for word in words if ship or word != "--ship"]


def test_lines_are_shipped_once_and_taken_apart(user: User) -> None:
    path = user.home / "access.log"
    given = variables(user)
    written = 0
    path.write_text("from before\n", encoding="utf-8")

    def writes(*texts: str) -> None:
        nonlocal written
        written += len(texts)
        with path.open("a", encoding="utf-8") as log:
            log.writelines(f"{text}\n" for text in texts)

    with user.starts(*command(user, ship=True), **given) as running:
        until(lambda: "registered as" in running.printed(), running.printed)
        writes('{"msg": "in JSON", "level": "error", "order": 17}', 'level=warn msg="in logfmt" order=18')
        until(lambda: len(user.finds("agent:*")) == written, running.printed)
        path.rename(user.home / "access.log.1")
        writes("plain, in the next file")
        until(lambda: len(user.finds("agent:*")) == written, running.printed)
        running.process.kill()
        running.process.wait(PATIENCE)
    (option,) = re.findall(r"--label environment=[a-z]+", section())
    with user.starts(*command(user, ship=True), *option.split(), **given) as running:
        writes("after a crash")
        until(lambda: bool(user.messages('"after a crash"')), running.printed)
        running.process.terminate()
        assert running.process.wait(PATIENCE) == 0, running.printed()
    assert len(user.finds("agent:*")) == written == 4
    (label,) = re.findall(r"--label environment=([a-z]+)", section())
    here = f'environment:{label} hostname:* source:"{path}" agent:*'
    assert user.messages(here) == {"after a crash"}
    assert (user.messages("level:error order:17"), user.messages("level:warn order:18")) == ({"in JSON"}, {"in logfmt"})


def test_without_ship_only_numbers_leave_the_machine(user: User) -> None:
    talk = Talk(user.server)
    rule = {"name": "lines_total", "type": "counter", "pattern": "."}
    talk.post("/metric-configs", user.session(), {"name": "all", "metrics": [rule]}, 201)

    def counted() -> float:
        with closing(connect_readonly(user.server.folder)) as store:
            return float(store.execute("SELECT coalesce(sum(value), 0) FROM agent_metrics").fetchone()[0])

    with user.starts(*command(user, ship=False), **variables(user)) as running:
        until(lambda: "rules are in effect" in running.printed(), running.printed)
        (user.home / "access.log").write_text("only counted\n", encoding="utf-8")
        until(lambda: counted() == 1, running.printed)
    assert user.finds() == []


def test_who_tells_an_agent_twice_to_stop_ends_it(user: User) -> None:
    with user.starts(*command(user, ship=True), **variables(user)) as running:
        until(lambda: "registered as" in running.printed(), running.printed)
        # Both are there when it goes on, whatever it would have finished between them.
        for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
            running.process.send_signal(number)
        assert running.process.wait(PATIENCE) in {130, 143}


def test_an_agent_that_is_in_error_or_away_rings(user: User) -> None:
    talk, key, session, project = Talk(user.server), user.token(kind="edge"), user.session(), user.token()
    agent = talk.post("/edge/register", key, {"name": "web-1"}, 201)["id"]
    for status, severity in (("error", "medium"), ("offline", "high")):
        talk.post("/edge/heartbeat", key, {"agent_id": agent, "status": status}, 200)
        (alert,) = talk.get("/alerts", project, 200, status="open")["alerts"]
        assert (alert["rule_id"], alert["severity"]) == (f"builtin_agent_{status}", severity)
        assert f"1 {status}" in user.runs("logserver", "status").stdout
    listed = talk.get("/agents", session, 200, status="offline")["items"]
    assert [each["name"] for each in listed] == ["web-1"]
    talk.post("/edge/heartbeat", key, {"agent_id": agent, "status": "online"}, 200)
    assert talk.get("/alerts", project, 200, status="open")["alerts"] == []
    assert {rule.severity for rule in alert_rules.BUILTINS.values() if rule.type == "agent"} == {"medium", "high"}


@pytest.mark.parametrize(
    ("sentence", "number"),
    [
        (r"says every (\d+) seconds how it is", 30),
        (r"After (\d+) seconds of silence", agents.SILENT_MS // 1_000),
        (r"metrics wait for (\d+) hours", MOST_HOURS),
        (r"up to (\d+) hours, counts at its own time", points.LATE_MS // 3_600_000),
        (r"a live stream of (\d+) seconds", stream_wire.USUAL_SECONDS),
        (r"`timeout_seconds`, up to (\d+)", stream_wire.LONGEST_SECONDS),
        (r"ask for rules every (\d+) seconds", 60),
        (r"have counted every (\d+) seconds", 60),
        (r"in up to (\d+) MB \(`--spool-megabytes`\)", 1_000),
    ],
)
def test_the_numbers_in_the_text(sentence: str, number: int) -> None:
    assert re.findall(sentence, " ".join(section().split())) == [str(number)]


def test_what_the_agent_does_without_options() -> None:
    defaults = {parameter.name: parameter.default for parameter in main.commands["agent"].params}
    usual = {"heartbeat_interval": 30, "poll_interval": 60, "metrics_interval": 60, "spool_megabytes": 1_000}
    assert {name: defaults[name] for name in usual} == usual
    assert MOST_BYTES > 0


def test_every_permission_is_named() -> None:
    assert tuple(re.findall(r"edge:[a-z]+", section())) == tokens.EDGE_SCOPES


@pytest.mark.parametrize("form", ["filter_query", "filters"])
def test_a_filter_finds_the_lines_that_it_names(form: str) -> None:
    (written,) = re.findall(rf"^- `{form}`.*: `(.+)`$", section(), re.MULTILINE)
    asked = LineFilter.of(written) if form == "filter_query" else LineFilter.of(None, json.loads(written))
    wanted = lines.parse("/var/log/app.log", b'level=error msg="timeout of order 17"')
    assert asked.wants(wanted)
    for source, raw in (
        ("/var/log/app.log", b'level=info msg="timeout of order 17"'),
        ("/srv/app.log", b'level=error msg="timeout of order 17"'),
        ("/var/log/app.log", b'level=error msg="timeout of no order"'),
    ):
        assert not asked.wants(lines.parse(source, raw))
