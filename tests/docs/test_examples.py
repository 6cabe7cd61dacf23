"""The examples, run as they are against a real server: what they send is stored and found."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.docs.user import User, needs
from tests.examples import COLLECTION, EXAMPLES
from tests.whole.shell import deployments

CHECK_IN = EXAMPLES / "cron" / "check-in.sh"


def test_curl_sends_one_of_each(user: User) -> None:
    needs("curl")
    sent = user.runs(EXAMPLES / "curl.sh", TOKEN=user.token(), URL=user.server.base_url)
    answers = [json.loads(line) for line in sent.stdout.splitlines()]
    assert [answer.get("status", "token") for answer in answers] == ["accepted"] * 9 + ["token"]
    found = user.finds()
    assert sorted((event["type"], event["message"]) for event in found) == [
        ("check_in", "hourly-sync"),
        ("check_in", "nightly-backup"),
        ("error", "no such order"),
        ("log", "application booted"),
        ("log", "first of a batch"),
        ("log", "second of a batch"),
        ("metric", "queue.depth"),
        ("span", "SELECT orders"),
        ("transaction", "POST /checkout"),
    ]
    assert [release for release, *_ in deployments(user.server.folder)] == ["2.1.0"]
    assert answers[-1]["token"].startswith("logister_mobile_")


def test_curl_says_what_it_needs(user: User) -> None:
    assert "logserver token create" in user.runs(EXAMPLES / "curl.sh", code=2, TOKEN="").stderr


def test_the_jobs_of_the_crontab_report_how_they_went(user: User) -> None:
    needs("curl")
    programs = user.home / "usr-local-bin"
    programs.mkdir()
    shutil.copy(CHECK_IN, programs)
    for name, script in {"backup": 'test "$*" = --all', "sweep": "echo swept; exit 3"}.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    lines = (EXAMPLES / "cron" / "crontab").read_text(encoding="utf-8").splitlines()
    jobs = [line.split(maxsplit=5)[5] for line in lines if line.startswith(("*", "1"))]
    given = dict(line.split("=", 1) for line in lines if line.startswith("LOGSERVER_"))
    assert given.keys() == {"LOGSERVER_TOKEN", "LOGSERVER_URL"}
    given = {"LOGSERVER_TOKEN": user.token(), "LOGSERVER_URL": user.server.base_url}
    for job, code in zip(jobs, (0, 3), strict=True):
        printed = user.types(job.replace("/usr/local/bin", str(programs)), code=code, **given)
        assert printed == ("swept\n" if code else "")
    assert {event["message"]: reported(event["context"]) for event in user.finds("type:check_in")} == {
        "nightly-backup": ("ok", 86_400, 0),
        "queue-sweep": ("error", 300, 3),
    }
    assert all(event["context"]["duration_ms"] >= 0 for event in user.finds())
    assert "1 error" in user.runs("logserver", "status").stdout


def reported(context: dict[str, object]) -> tuple[object, ...]:
    return context["check_in_status"], context["expected_interval_seconds"], context["exit_code"]


def test_a_job_is_not_disturbed_by_a_report_that_fails(user: User) -> None:
    needs("curl")
    done = user.runs(
        CHECK_IN, "job", "60", "sh", "-c", "exit 7", code=7, LOGSERVER_TOKEN="wrong", LOGSERVER_URL=user.server.base_url
    )
    assert "the check-in of job was not reported" in done.stderr
    assert user.finds() == []


@pytest.mark.parametrize(
    "arguments", [["job", "60"], ['a"b', "60", "true"], ["job", "often", "true"], ["", "6", "true"]]
)
def test_what_is_no_report_is_refused_before_the_job_runs(arguments: list[str], user: User) -> None:
    refused = user.runs(CHECK_IN, *arguments, code=2, LOGSERVER_TOKEN="unused")
    assert refused.stderr


def test_the_audit_trail_is_sent_read_redacted_and_watched(user: User) -> None:
    needs("curl")
    token, master = user.token(), user.master_key()
    sent = user.runs(EXAMPLES / "logstitch.sh", TOKEN=token, MASTER=master, URL=user.server.base_url)
    answers = [json.loads(line) for line in sent.stdout.splitlines()]
    staff, mail, tried, alert_rule, webhook, one, two, read, rung, stream, info, claimed = answers
    assert (staff["type"], mail["enabled"], alert_rule["type"]) == ("pattern", True, "custom")
    assert {match["rule_id"] for match in tried["matches"]} == {staff["id"], "builtin_email"}
    assert webhook["secret"].startswith("whsec_")
    assert (len(one["ids"]), len(two["ids"]), two["redacted_count"]) == (1, 2, 2)
    assert [each["target"]["id"] for each in read["events"]] == ["order_2", "order_1"]
    assert read["events"][1]["metadata"] == {"note": "paid with [REDACTED]", "by": "******3456"}
    assert [(alert["rule_id"], alert["event_ids"]) for alert in rung["alerts"]] == [(alert_rule["id"], two["ids"])]
    assert (len(stream["ids"]), info["event_count"], claimed["event_count"]) == (1, 1, 1)
    assert user.messages("type:audit") == {"user.signed_in", "refund.made", "user.signed_up"}
    again = user.runs(EXAMPLES / "logstitch.sh", TOKEN=token, MASTER=master, URL=user.server.base_url, PROJECT="my-app")
    assert json.loads(again.stdout.splitlines()[5])["ids"] == one["ids"]
    assert "logserver token create" in user.runs(EXAMPLES / "logstitch.sh", code=2, TOKEN=token, MASTER="").stderr


def test_log_lines_are_sent_in_batches(user: User) -> None:
    needs("curl")
    sent = user.runs(EXAMPLES / "luminalog.sh", TOKEN=user.token(), URL=user.server.base_url)
    two, one, none = map(json.loads, sent.stdout.splitlines())
    assert (two["processed"], one["processed"], none["processed"]) == (2, 1, 0)
    assert none["details"] == [
        {"index": 0, "field": "level", "message": "Must be one of debug, info, warn, error, fatal, panic"}
    ]
    assert user.messages("user_id:user-789") == {"User logged in"}
    assert user.messages("level:fatal original_level:panic") == {"The shop is on fire"}
    (error,) = user.finds("type:error")
    assert error["context"]["exception"]["class"] == "PaymentError"
    assert user.messages(f"group:{error['group']}") == {"Payment failed"}
    assert len(user.finds()) == 3
    assert "logserver token create" in user.runs(EXAMPLES / "luminalog.sh", code=2, TOKEN="").stderr


def test_node_sends_to_the_audit_trail(user: User) -> None:
    node = needs("node")
    major = int(user.runs(node, "--version").stdout.removeprefix("v").partition(".")[0])
    if major < 18:
        pytest.skip(f"node {major} has no fetch")
    for base_url in (user.server.base_url, f"{user.server.base_url}/"):
        run = user.runs(
            node,
            EXAMPLES / "javascript" / "logstitch.mjs",
            LOGSTITCH_API_KEY=user.token(),
            LOGSTITCH_BASE_URL=base_url,
        )
        assert run.stdout.count("evt_") == 3
        assert run.stdout.splitlines()[-1] == "250"
    assert len(user.finds("action:page.seen", "--limit", "1000")) == 500
    assert {event["context"]["actor"]["name"] for event in user.finds("type:audit")} == {"Ann"}
    refused = user.runs(
        node,
        EXAMPLES / "javascript" / "logstitch.mjs",
        code=1,
        LOGSTITCH_API_KEY="unknown",
        LOGSTITCH_BASE_URL=user.server.base_url,
    )
    assert "401 Unauthorized" in refused.stderr


def test_the_published_python_client_sends_one_of_each(user: User) -> None:
    user.runs(
        sys.executable,
        EXAMPLES / "python_client.py",
        LOGISTER_BASE_URL=user.server.base_url,
        LOGISTER_API_KEY=user.token(),
        LOGISTER_RELEASE="2.1.0",
    )
    found = user.finds("release:2.1.0")
    assert sorted((event["type"], event["message"]) for event in found) == [
        ("check_in", "daily-report"),
        ("error", "order 4711 has no amount"),
        ("log", "shop opened"),
        ("log", "stock of tea is low"),
        ("metric", "orders.open"),
        ("transaction", "POST /orders"),
    ]


def test_every_request_of_the_postman_collection_is_answered_as_it_says(user: User) -> None:
    newman = needs("newman")
    variables = {
        "base_url": user.server.base_url,
        "token": user.token(),
        "master_key": user.master_key(),
        "edge_key": user.token(kind="edge"),
        "user_token": user.session(),
    }
    given = [text for name, value in variables.items() for text in ("--env-var", f"{name}={value}")]
    run = user.runs(newman, "run", COLLECTION, "--reporters", "json,cli", "--reporter-json-export", "run.json", *given)
    counted = json.loads((user.home / "run.json").read_text(encoding="utf-8"))["run"]["stats"]
    assert "failed" in run.stdout
    assert counted["assertions"]["failed"] == counted["requests"]["failed"] == 0
    assert counted["requests"]["total"] >= len(json.loads(COLLECTION.read_text(encoding="utf-8"))["item"])
    assert user.finds()


def test_the_scripts_read_as_posix_shell() -> None:
    scripts = [*EXAMPLES.rglob("*.sh")]
    assert {path.read_text(encoding="utf-8").splitlines()[0] for path in scripts} == {"#!/bin/sh"}
    assert {Path(path).name for path in scripts} == {"check-in.sh", "curl.sh", "logstitch.sh", "luminalog.sh"}
