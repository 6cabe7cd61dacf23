"""A store with everything moves through a file: nothing is lost or made up, however often and in what pieces."""

import json
from collections import Counter
from pathlib import Path

import pytest

from logserver.core import projects
from logserver.core.clock import SystemClock
from logserver.store.database import transaction
from tests.transfer.moving import comparable, contents, export, import_, lines, run, told, unpacked, value

KINDS = {"project", "trail", "audit", "event", "figures", "group", "monitor", "deployment", "alert"}
ALIKE = {
    "alert_builtins",
    "alert_rules",
    "error_groups",
    "group_hours",
    "group_users",
    "projects",
    "redaction_builtins",
    "redaction_rules",
    "visibility_tiers",
    "words",
}
"""Tables whose rows are the same wherever they are; all others have numbers or ids that each store gives."""


BY_NAME = (
    """SELECT json_group_array(n) FROM (SELECT sum(c.n) AS n FROM counts AS c JOIN dimensions AS d ON d.id = c.dimension
    GROUP BY c.project, c.minute, d.type, d.level, d.environment
    ORDER BY c.project, c.minute, d.type, d.level, d.environment)""",
    """SELECT json_group_array(n) FROM (SELECT k.n AS n FROM sketches AS k JOIN series AS s ON s.id = k.series
    ORDER BY k.project, k.minute, s.kind, s.name, s.environment, s.release)""",
)
"""What names that are numbered anew stand for: the counts and figures of all of them."""

OCCURRENCES = """SELECT json_group_array(json_array(g.title, g.n, g.users, (SELECT count(*) FROM events AS e
    WHERE e.error_group = g.id))) FROM error_groups AS g"""


def test_every_kind_of_record_leaves(moved: Path) -> None:
    assert {line["record"] for line in lines(moved)} == KINDS
    of_type = Counter(line["type"] for line in lines(moved) if line["record"] == "event")
    assert of_type.keys() == {"error", "log", "metric", "transaction", "span", "check_in"}


def test_a_store_that_was_moved_holds_the_same(company: Path, moved: Path, tmp_path: Path) -> None:
    said = told(moved, tmp_path / "new")
    assert said["projects_made"] == [line["slug"] for line in lines(moved) if line["record"] == "project"]
    assert (said["known"], said["older_than_kept"], said["different"]) == (0, {}, 0)
    export(tmp_path / "new", tmp_path / "again.jsonl.zst")
    assert comparable(lines(tmp_path / "again.jsonl.zst")) == comparable(lines(moved))
    here, there = contents(company), contents(tmp_path / "new")
    for name in ALIKE:
        assert there[name] == here[name], name
        assert there[name], name
    for sql in BY_NAME:
        assert value(company, sql) == value(tmp_path / "new", sql)
    assert "whole" in run("audit", "verify", "--data", tmp_path / "new", "--json").stdout


def test_importing_twice_changes_nothing(moved: Path, tmp_path: Path) -> None:
    import_(moved, tmp_path)
    before = contents(tmp_path)
    said = told(moved, tmp_path)
    assert said["new"] == 0
    assert said["known"] > 1_000
    assert contents(tmp_path) == before


def test_a_store_takes_back_what_it_has_lost(company: Path, tmp_path: Path, moved: Path) -> None:
    """What is imported where it came from is known, and what is not there takes its old place again."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("logserver.db", "audit.key"):
        (copy / name).write_bytes((company / name).read_bytes())
    before = contents(copy)
    assert told(moved, copy)["new"] == 0
    assert contents(copy) == before


def test_projects_find_their_place_beside_others(company: Path, moved: Path, tmp_path: Path) -> None:
    """Numbers that are given already are exchanged; error groups are found again by what comes later."""
    with transaction(tmp_path) as tx:
        for number in range(6):
            projects.create(tx, slug=f"other-{number}", now_ms=SystemClock().now_ms())
    import_(moved, tmp_path)
    export(tmp_path, tmp_path / "again.jsonl.zst", *(f"--project={slug}" for slug in _slugs(moved)))

    def without_numbers(file: Path) -> list[dict[str, object]]:
        found = []
        for line in comparable(lines(file)):
            hidden = {"number", "group", "group_key"} | ({"id"} if line["record"] == "group" else set())
            found.append({key: value for key, value in line.items() if key not in hidden})
        return sorted(found, key=json.dumps)

    assert without_numbers(tmp_path / "again.jsonl.zst") == without_numbers(moved)
    assert _occurrences(tmp_path) == _occurrences(company)


def _slugs(file: Path) -> list[str]:
    return [line["slug"] for line in lines(file) if line["record"] == "project"]


def _occurrences(folder: Path) -> Counter[tuple[object, ...]]:
    found = json.loads(value(folder, OCCURRENCES))
    return Counter(map(tuple, found))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_pieces_that_overlap_are_the_whole(
    company: Path, moved: Path, tmp_path: Path, order: tuple[int, int, int]
) -> None:
    pieces = [("--until", "10h"), ("--since", "12h", "--until", "2h"), ("--since", "3h")]
    for number, options in enumerate(pieces):
        export(company, tmp_path / f"{number}.zst", *options)
    for number in order:
        import_(tmp_path / f"{number}.zst", tmp_path / "new")
    export(tmp_path / "new", tmp_path / "again.jsonl.zst")

    def sorted_lines(file: Path) -> list[str]:
        return sorted(json.dumps(line) for line in comparable(lines(file)) if line["record"] != "figures")

    assert sorted_lines(tmp_path / "again.jsonl.zst") == sorted_lines(moved)


def test_only_what_is_asked_for_leaves_and_arrives(company: Path, moved: Path, tmp_path: Path) -> None:
    export(company, tmp_path / "some.zst", "--project", "storefront", "--no-audit")
    assert _slugs(tmp_path / "some.zst") == ["storefront"]
    assert not {"trail", "audit"} & {line["record"] for line in lines(tmp_path / "some.zst")}
    assert told(moved, tmp_path / "new", "--project", "dock-api")["projects_made"] == ["dock-api"]
    missing = import_(moved, tmp_path / "new", "--project", "nowhere", code=1)
    assert "has no project 'nowhere'" in missing.output


def test_no_secret_leaves(company: Path, moved: Path) -> None:
    text = unpacked(moved).decode()
    for sql in (
        "SELECT json_group_array(hex(digest)) FROM tokens",
        "SELECT json_group_array(password) FROM users WHERE password IS NOT NULL",
        "SELECT json_group_array(hex(value)) FROM secrets",
        "SELECT json_group_array(secret) FROM webhooks",
        "SELECT json_group_array(url) FROM webhooks",
    ):
        for secret in json.loads(value(company, sql)):
            assert secret.lower() not in text.lower() or len(secret) < 8
    assert (company / "audit.key").read_bytes().hex() not in text
