import pytest

from logserver.core.projects import Project
from logserver.store.tx import Tx
from tests.core.alerting.trail import Trail


@pytest.fixture
def trail(tx: Tx, project: Project) -> Trail:
    """The audit trail of a project whose rules are those that are built in."""
    return Trail(tx, project.number)


@pytest.fixture
def quiet(trail: Trail) -> Trail:
    """One whose built-in rules are all disabled."""
    trail.only()
    return trail
