"""What is offered to watch the server with: the table, the alerts and the dashboard ask for what there is."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.docs.user import User, needs, table
from tests.examples import EXAMPLES
from tests.whole.process import serving
from tests.whole.raw import EVENTS, log_event

DASHBOARD: dict[str, Any] = json.loads((EXAMPLES / "grafana" / "logserver.json").read_text(encoding="utf-8"))
RULES = EXAMPLES / "prometheus" / "logserver.rules.yml"
ALERTS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"][0]["rules"]

_METRIC = re.compile(r"\b(?:logserver|process)_[a-z_]+")
_MATCHED = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"")
_GROUPED = re.compile(r"\bby \(([^)]*)\)")
_LEGEND = re.compile(r"{{\s*(\w+)\s*}}")

UNITS = {"bool_yes_no", "bytes", "cps", "ops", "percentunit", "reqps", "s", "short", "string"}
"""Those of Grafana's units that the panels use."""

SCRAPER = {"job", "instance"}
"""Labels that Prometheus itself adds to all it reads."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a server says that was sent a few things."""
    home = tmp_path_factory.mktemp("home")
    with serving(tmp_path_factory.mktemp("data")) as server:
        user = User(server, home)
        token = user.token()
        # The first of a sender takes the ordinary way, the next ones the short way.
        assert [user.sends(token, log_event(f"number {n}")).status for n in range(3)] == [201] * 3
        assert user.sends("unknown", log_event("no")).status == 401
        assert user.sends(user.token(kind="edge"), {"name": "web-1"}, "/api/v1/edge/register").status == 201
        return user.runs(needs("curl"), "-sS", "--fail", f"{server.base_url}/metrics").stdout


def queries() -> Iterator[tuple[str, str]]:
    """Every query of the dashboard and of the alerts, and the labels that its legend names, as one text."""
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"], target["legendFormat"]
    for variable in DASHBOARD["templating"]["list"]:
        if variable["type"] == "query":
            yield re.sub(r"label_values\((.*), (\w+)\)", r"max by (\2) (\1)", variable["query"]["query"]), ""
    for annotation in DASHBOARD["annotations"]["list"]:
        yield annotation["expr"], ""
    for alert in ALERTS:
        yield alert["expr"], ""


def labels_of(text: str) -> dict[str, set[str]]:
    """The labels of each metric, by the name that a query has for it."""
    found: dict[str, set[str]] = defaultdict(set)
    for family in text_string_to_metric_families(text):
        found[family.name] |= set()  # one without a value for now, such as the age of what has not happened yet
        for sample in family.samples:
            found[sample.name] |= set(sample.labels)
    return found


def test_both_ways_of_a_request_are_counted(told: str) -> None:
    lines = told.splitlines()
    for status, n in (("201", 3), ("401", 1)):
        counted = f'logserver_http_requests_total{{method="POST",route="{EVENTS}",status="{status}"}} {float(n)}'
        assert counted in lines
    assert f'logserver_http_request_duration_seconds_count{{route="{EVENTS}"}} 4.0' in lines
    assert 'logserver_events_total{project="my-app",type="log"} 3.0' in lines


def test_the_process_tells_of_its_memory_and_descriptors(told: str) -> None:
    figures = dict(line.rsplit(" ", 1) for line in told.splitlines() if line.startswith(("process_", "logserver_conn")))
    assert float(figures["process_resident_memory_bytes"]) > 10_000_000
    assert 5 < float(figures["process_open_fds"]) < float(figures["process_max_fds"])
    assert float(figures["logserver_connections"]) >= 1


def test_every_metric_is_in_the_table_with_its_labels(told: str) -> None:
    documented: dict[str, set[str]] = {}
    for names, labels, _ in table("Metric | Labels"):
        for name in names.split("`, `"):
            documented[name] = {label.strip("` ") for label in labels.split(",") if label.strip("` ")}
    there: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(told):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        there[name] = {label for sample in family.samples for label in sample.labels} - {"le"}
    assert {name: labels for name, labels in there.items() if documented.get(name) != labels} == {}
    assert set(documented) - set(there) == set()


def test_every_query_asks_for_a_metric_that_is_there_by_labels_that_it_has(told: str) -> None:
    there = labels_of(told)
    missing = []
    for query, legend in queries():
        names = _METRIC.findall(query)
        missing += [(query, name) for name in names if name not in there]
        known = SCRAPER.union(*(there[name] for name in names))
        used = {*_MATCHED.findall(query), *_LEGEND.findall(legend)}
        used |= {label.strip() for group in _GROUPED.findall(query) for label in group.split(",")}
        missing += [(query, label) for label in used - known]
        grouped = _GROUPED.search(query)
        if grouped is not None and "topk" not in query:
            missing += [(query, label) for label in _LEGEND.findall(legend) if label not in grouped[1]]
        assert names or query.startswith("up{"), query
    assert missing == []


def test_every_panel_says_where_it_asks_and_in_what_it_answers() -> None:
    for panel in DASHBOARD["panels"]:
        if panel["type"] == "row":
            continue
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        asked = panel["targets"]
        assert {each["datasource"]["uid"] for each in (panel, *asked)} == {"${datasource}"}, panel["title"]
        assert [each["refId"] for each in asked] == list("ABCD"[: len(asked)]), panel["title"]
        assert all(each["legendFormat"] for each in asked), panel["title"]


def test_panels_lie_side_by_side_and_are_told_apart() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        area = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not area & taken, panel["title"]
        taken |= area
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)


def test_prometheus_reads_the_text(told: str, user: User) -> None:
    promtool = needs("promtool")
    path = user.home / "metrics"
    path.write_text(told, encoding="utf-8")
    assert user.runs("sh", "-c", f"{promtool} check metrics < {path}").stdout == ""


def test_prometheus_reads_every_query_and_the_configuration(user: User) -> None:
    promtool = needs("promtool")
    config = EXAMPLES / "prometheus" / "prometheus.yml"
    assert "SUCCESS: 1 rule files found" in user.runs(promtool, "check", "config", config).stdout
    asked = [{"record": f"query:{n}", "expr": _filled(query)} for n, (query, _) in enumerate(queries())]
    path = user.home / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": asked}]}), encoding="utf-8")
    assert f"{len(asked)} rules found" in user.runs(promtool, "check", "rules", path).stdout


FIRES: dict[str, list[tuple[str, str]]] = {
    "LogserverDown": [("up", "1x5 0x30")],
    "LogserverRefusesEvents": [("logserver_refusing", "0x5 1x30")],
    "LogserverIsTooLarge": [("logserver_store_stuck", "0x5 1x30")],
    "LogserverIsDamaged": [("logserver_damaged", "0x5 1x30")],
    "LogserverQueueFills": [("logserver_queue_events", "0x5 15000x30"), ("logserver_queue_limit_events", "20000x40")],
    "LogserverCommitsSlowly": [
        ('logserver_commit_duration_seconds_bucket{kind="events",le="0.5"}', "0+1x40"),
        ('logserver_commit_duration_seconds_bucket{kind="events",le="1.0"}', "0+60x40"),
        ('logserver_commit_duration_seconds_bucket{kind="events",le="+Inf"}', "0+60x40"),
    ],
    "LogserverFails": [('logserver_http_requests_total{method="GET",route="/x",status="500"}', "0+1x40")],
    "LogserverJobFails": [('logserver_job_failures_total{name="tidy"}', "0+1x40")],
    "LogserverIsLate": [
        ('logserver_job_lateness_seconds_bucket{le="1.0"}', "0+1x40"),
        ('logserver_job_lateness_seconds_bucket{le="2.5"}', "0+60x40"),
        ('logserver_job_lateness_seconds_bucket{le="+Inf"}', "0+60x40"),
    ],
    "LogserverDiskFillsUp": [("logserver_disk_free_bytes", "1000000000-5000000x180")],
    "LogserverDescriptorsRunOut": [("process_open_fds", "900x40"), ("process_max_fds", "1000x40")],
}
"""What each alert rings for: series, and their values minute by minute."""


def test_every_alert_rings_for_what_it_says(user: User) -> None:
    promtool = needs("promtool")
    assert list(FIRES) == [alert["alert"] for alert in ALERTS]
    cases = []
    for alert, series in FIRES.items():
        (severity,) = [each["labels"]["severity"] for each in ALERTS if each["alert"] == alert]
        at = "170m" if alert == "LogserverDiskFillsUp" else "30m"
        cases.append(
            {
                "interval": "1m",
                "input_series": [{"series": _placed(name), "values": values} for name, values in series],
                "alert_rule_test": [{"eval_time": "0m", "alertname": alert, "exp_alerts": []}],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing",severity="{severity}"}})',
                        "eval_time": at,
                        "exp_samples": [{"labels": "{}", "value": 1}],
                    }
                ],
            }
        )
    path = user.home / "tests.yml"
    path.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": cases}))
    assert "SUCCESS" in user.runs(promtool, "test", "rules", path).stdout


def _filled(query: str) -> str:
    """A query of the dashboard as Grafana sends it."""
    values = {"$__rate_interval": "5m", "$job": "logserver", "$instance": "localhost:8080"}
    for name, value in values.items():
        query = query.replace(name, value)
    return query


def _placed(series: str) -> str:
    """A series with the labels that Prometheus adds."""
    name, _, labels = series.partition("{")
    return f'{name}{{job="logserver",instance="here",{labels or "}"}'


def test_the_configuration_scrapes_what_the_page_says() -> None:
    config = yaml.safe_load((EXAMPLES / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = config["scrape_configs"]
    assert job["job_name"] == "logserver"
    assert [Path(name).name for name in config["rule_files"]] == [RULES.name]
