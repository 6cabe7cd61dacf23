"""Where the data of agents lands."""

import pytest

from logserver.core import projects
from logserver.core.faults import Conflict, Invalid
from logserver.core.fleet import landing
from logserver.core.people import accounts
from logserver.core.projects import Project
from logserver.store.tx import Tx
from tests.fakes import START_MS


def test_a_named_project_is_that_one(tx: Tx, project: Project) -> None:
    assert landing.project(tx, project.slug, START_MS) == landing.project(tx, project.uuid, START_MS) == project


def test_the_organizations_own_is_made_once(tx: Tx, project: Project) -> None:
    accounts.ensure_organization(tx, "Shop", START_MS)
    own = landing.project(tx, None, START_MS)
    assert (own.slug, own.name) == ("shop-2", "Shop")
    assert own.number != project.number
    assert landing.project(tx, None, START_MS) == own


def test_it_stays_the_same_when_it_is_renamed_and_is_refused_when_it_is_archived(tx: Tx) -> None:
    accounts.ensure_organization(tx, "Shop", START_MS)
    own = landing.project(tx, None, START_MS)
    assert landing.project(tx, None, START_MS) == own
    projects.archive(tx, own.slug, START_MS)
    with pytest.raises(Invalid, match="project_id: The project 'shop' is archived"):
        landing.project(tx, None, START_MS)


def test_a_long_slug_keeps_its_bounds(tx: Tx) -> None:
    projects.create(tx, slug="a" * 61 + "-b", now_ms=START_MS)
    accounts.ensure_organization(tx, "a" * 61 + " b", START_MS)
    assert landing.project(tx, None, START_MS).slug == "a" * 61 + "-2"


def test_without_an_organization_a_project_must_be_named(tx: Tx) -> None:
    with pytest.raises(Conflict, match="name a project"):
        landing.project(tx, None, START_MS)


def test_there_is_an_end_to_trying(tx: Tx) -> None:
    accounts.ensure_organization(tx, "Shop", START_MS)
    for number in range(1, 100):
        projects.create(tx, slug=f"shop-{number}" if number > 1 else "shop", now_ms=START_MS)
    with pytest.raises(Conflict):
        landing.project(tx, None, START_MS)


@pytest.mark.parametrize("named", ["nowhere", "", "SHOP"])
def test_what_is_not_there_is_refused_by_its_field(tx: Tx, project: Project, named: str) -> None:
    assert project.slug == "shop"
    with pytest.raises(Invalid, match="project_id: There is no such project"):
        landing.project(tx, named, START_MS)
