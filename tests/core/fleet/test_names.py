"""How agents are called, and which of them are listed."""

from typing import Any

import pytest

from logserver.core import projects
from logserver.core.fleet import agents, names
from logserver.core.fleet.agents import Agent, Moment
from logserver.core.fleet.names import Named
from logserver.core.projects import Project
from logserver.store.tx import Tx
from tests.fakes import START_MS

NOW = Moment(START_MS, START_MS)


@pytest.fixture
def made(tx: Tx, project: Project) -> list[Agent]:
    """Three agents; the last one's data lands in another project."""
    other = projects.create(tx, slug="other", now_ms=START_MS)
    places = (("web-1", "a.example", project), ("web-2", "B.example", project), ("db-1", "c.example", other))
    return [agents.create(tx, name=name, hostname=host, project=where, now_ms=START_MS) for name, host, where in places]


def test_names_and_ids_lead_to_one_another(tx: Tx, made: list[Agent]) -> None:
    known = names.of(tx, [agent.uuid for agent in made] + ["none"])
    assert known == {agent.uuid: Named(agent.name, agent.project) for agent in made}
    assert names.ids(tx, ["web-2", "nobody"]) == {"web-2": made[1].uuid}
    assert (names.of(tx, []), names.ids(tx, [])) == ({}, {})


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["db-1", "web-1", "web-2"]),
        ({"projects": [1]}, ["web-1", "web-2"]),
        ({"projects": []}, []),
        ({"text": "WEB"}, ["web-1", "web-2"]),
        ({"text": "b.EXAMPLE"}, ["web-2"]),
        ({"text": "%"}, []),
        ({"text": "1", "projects": [2]}, ["db-1"]),
    ],
)
@pytest.mark.usefixtures("made")
def test_the_list_is_of_projects_and_of_a_text(tx: Tx, asked: dict[str, Any], found: list[str]) -> None:
    listed, total = agents.page(tx, NOW, offset=0, limit=10, **asked)
    assert ([agent.name for agent in listed], total) == (found, len(found))
