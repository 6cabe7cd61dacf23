"""The store that ``logserver demo`` makes."""

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from logserver.cli import main
from logserver.core.metrics import checks, configs, trials
from logserver.core.people.passwords import Argon2
from logserver.store.database import snapshot
from tests.fakes import FakeClock
from tests.serving import CHEAP

PASSWORD = "harbour lights at night"
NOUNS = ("projects", "users", "members", "error_groups", "monitors", "monitor_transitions", "deployments", "alerts")
STORED = ("counts", "sketches", "histograms", "audit_links", "agents", "metric_configs", "agent_metrics", *NOUNS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo") / "store"
    result = CliRunner().invoke(main, ["demo", "--data", str(folder), "--days", "8", "--password", PASSWORD])
    assert result.exit_code == 0, result.output
    return folder, result.output


def test_it_says_how_to_look_at_it(made: tuple[Path, str]) -> None:
    folder, said = made
    assert f"logserver serve --data {folder}" in said
    assert f"ada@harbourbikes.example with the password {PASSWORD}" in said


@pytest.mark.parametrize("table", STORED)
def test_there_is_something_of_everything(made: tuple[Path, str], table: str) -> None:
    with snapshot(made[0]) as tx:
        assert tx.execute(f"SELECT count(*) FROM {table}").fetchone()[0] > 0


def test_there_was_an_incident(made: tuple[Path, str]) -> None:
    with snapshot(made[0]) as tx:
        status, n = tx.execute("SELECT status, n FROM error_groups WHERE subtitle LIKE 'sqlalchemy%'").fetchone()
    assert (status, n > 50) == ("resolved", True)


def test_every_type_of_event_is_there(made: tuple[Path, str]) -> None:
    with snapshot(made[0]) as tx:
        types = {name for (name,) in tx.execute("SELECT DISTINCT type FROM dimensions")}
    assert types == {"error", "log", "metric", "transaction", "span", "check_in", "audit"}


def test_its_agents_could_use_their_rules(made: tuple[Path, str]) -> None:
    line = '10.0.0.1 - "GET / HTTP/1.1" 200 12 rt=0.123'
    with snapshot(made[0]) as tx:
        for config in configs.page(tx, 0, 100)[0]:
            rules = checks.checked(msgspec.to_builtins(config.metrics))
            (found,) = trials.tried(rules, [line], FakeClock().monotonic)
            assert len(found) == len(rules)


def test_a_store_that_is_there_is_left_alone(made: tuple[Path, str]) -> None:
    result = CliRunner().invoke(main, ["demo", "--data", str(made[0])])
    assert result.exit_code == 1
    assert "there is a store" in result.output


def test_a_bad_password_makes_no_store(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["demo", "--data", str(tmp_path / "new"), "--password", "short"])
    assert (result.exit_code, "password" in result.output) == (1, True)
    assert not (tmp_path / "new").exists()


def test_its_people_sign_in_with_the_password(made: tuple[Path, str]) -> None:
    with snapshot(made[0]) as tx:
        (encoded,) = tx.execute("SELECT password FROM users WHERE role = 'admin'").fetchone()
    assert Argon2(CHEAP).verify(encoded, PASSWORD)
