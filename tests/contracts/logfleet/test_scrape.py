"""What a scraper is told, read as a scraper reads it."""

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from logserver.core import tokens
from logserver.store.database import transaction
from tests.contracts.logfleet.fleet import refused, registered, told
from tests.contracts.logfleet.metering import SCRAPE, config, histogram, made, point, rule, send
from tests.serving import Sender, Server

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def key(server: Server, sender: Sender) -> str:
    return server.token(sender.project, "edge")


@pytest.fixture
def agent(server: Server, key: str) -> dict[str, Any]:
    return registered(server, key)


def scraped(server: Server, token: str) -> str:
    answer = server.client.get(SCRAPE, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return answer.text


def samples(server: Server, token: str) -> Samples:
    """The samples of the text, by name and labels; none is there twice."""
    found: Samples = {}
    for family in text_string_to_metric_families(scraped(server, token)):
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


def of(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return name, tuple(sorted({"agent": "web-1", **labels}.items()))


def test_counters_are_of_the_beginning_and_gauges_the_newest(
    server: Server, sender: Sender, key: str, agent: Any
) -> None:
    told(send(server, key, agent, point(value=2), point("depth", "gauge", 5), point("seen", value=1)), 202)
    server.clock.turn(3600)
    late = "2026-09-21T14:10:00Z"
    points = point(value=3), point("depth", "gauge", 9, timestamp=late), point("seen", value=4, timestamp=late)
    told(send(server, key, agent, *points), 202)
    assert samples(server, sender.token) == {of("errors_total"): 5, of("depth"): 5, of("seen_total"): 5}


def test_histograms_are_cumulative(server: Server, sender: Sender, key: str, agent: Any) -> None:
    for _ in range(2):
        told(send(server, key, agent, histogram({"10": 1, "0.5": 2, "+Inf": 3}, 61.5, labels={"path": "/"})), 202)
    assert samples(server, sender.token) == {
        of("seconds_bucket", path="/", le="0.5"): 4,
        of("seconds_bucket", path="/", le="10.0"): 6,
        of("seconds_bucket", path="/", le="+Inf"): 12,
        of("seconds_sum", path="/"): 123,
        of("seconds_count", path="/"): 12,
    }


def test_families_are_described_by_their_rules(server: Server, sender: Sender, key: str, agent: Any) -> None:
    described = rule(description="What went\nwrong \\ badly")
    made(server, server.person(), config(rule(name="plain"), described))
    told(send(server, key, agent, point(), point("plain", "gauge")), 202)
    text = scraped(server, sender.token)
    assert "# HELP errors_total What went\\nwrong \\\\ badly\n# TYPE errors_total counter\n" in text
    assert "# HELP plain A gauge made of log lines.\n# TYPE plain gauge\n" in text


def test_agents_are_told_apart(server: Server, sender: Sender, key: str, agent: Any) -> None:
    odd = registered(server, key, 'we"b\\2')
    for each, value in ((agent, 1), (odd, 2)):
        told(send(server, key, each, point(value=value, labels={"l": "a\nb"})), 202)
    assert samples(server, sender.token) == {
        of("errors_total", l="a\nb"): 1,
        of("errors_total", l="a\nb", agent='we"b\\2'): 2,
    }


def test_labels_that_are_taken_are_exported(server: Server, sender: Sender, key: str, agent: Any) -> None:
    labels = {"agent": "curl", "exported_agent": "x", "le": "y"}
    told(send(server, key, agent, histogram({"1": 1}, 0.5, labels=labels), point(labels={"le": "z"})), 202)
    named = {"exported_exported_agent": "curl", "exported_agent": "x", "exported_le": "y"}
    seen = samples(server, sender.token)
    assert seen[of("seconds_count", **named)] == seen[of("seconds_bucket", le="+Inf", **named)] == 1
    assert seen[of("errors_total", le="z")] == 1


def test_metrics_of_one_name_are_told_apart(server: Server, sender: Sender, key: str, agent: Any) -> None:
    other = registered(server, key, "web-2")
    told(send(server, key, agent, point("x"), point("x_total", "gauge", 3), histogram({"1": 1}, 0.5, name="x")), 202)
    told(send(server, key, other, point("x", "gauge", 2), point("x_sum", "gauge", 4), point("_total", value=9)), 202)
    assert {name: value for (name, _), value in samples(server, sender.token).items() if "_bucket" not in name} == {
        "x_total": 1,
        "x": 2,
        "x_histogram_sum": 0.5,
        "x_histogram_count": 1,
        "x_sum": 4,
        "x_total_gauge": 3,
        "__total": 9,
    }


def test_counters_that_differ_only_in_their_ending_are_one(
    server: Server, sender: Sender, key: str, agent: Any
) -> None:
    told(send(server, key, agent, point("x", value=1), point("x_total", value=2)), 202)
    assert samples(server, sender.token) == {of("x_total"): 3}


def test_a_metric_of_another_type_is_another(server: Server, sender: Sender, key: str, agent: Any) -> None:
    for _ in range(2):
        told(send(server, key, agent, point("x", "counter", 5), point("x", "gauge", 7)), 202)
    assert samples(server, sender.token) == {of("x_total"): 10, of("x"): 7}


def test_numbers_stay_finite(server: Server, sender: Sender, key: str, agent: Any) -> None:
    for _ in range(2):
        told(send(server, key, agent, point(value=1.7e308), histogram({"1": 1}, -1.7e308)), 202)
    seen = samples(server, sender.token)
    assert seen[of("errors_total")] == -seen[of("seconds_sum")] == 1.7976931348623157e308


def test_each_project_is_scraped_alone(server: Server, sender: Sender, key: str, agent: Any) -> None:
    told(send(server, key, agent, point()), 202)
    assert samples(server, server.token(sender.project, "read")) == {of("errors_total"): 1}
    other = server.sender()
    assert scraped(server, other.token) == scraped(server, server.token(other.project, "read")) == ""


def test_who_may_not_scrape(server: Server, sender: Sender, key: str) -> None:
    with transaction(server.folder) as tx:
        lacking = tokens.issue(
            tx,
            kind="read",
            name="test",
            project=sender.project,
            now_ms=server.clock.now_ms(),
            scopes=("events:read",),
        ).secret
    for token, status, error in ((None, 401, "unauthorized"), (key, 403, "forbidden"), (lacking, 403, "forbidden")):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        refused(server.client.get(SCRAPE, headers=headers), status, error)
    refused(server.client.get(SCRAPE, headers={"Authorization": f"Bearer {server.person()}"}), 403, "forbidden")


def test_a_token_that_reads_every_project_is_told_what_it_lacks(server: Server) -> None:
    with transaction(server.folder) as tx:
        every = tokens.issue(tx, kind="read", name="test", project=None, now_ms=server.clock.now_ms()).secret
    answer = server.client.get(SCRAPE, headers={"Authorization": f"Bearer {every}"})
    refused(answer, 403, "forbidden")
    assert "--project" in answer.json()["message"]
