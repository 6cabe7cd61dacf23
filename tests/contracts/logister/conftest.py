import pytest

from tests.contracts.logister.sending import DOORS, Door


@pytest.fixture(scope="module", params=list(DOORS.values()), ids=list(DOORS))
def door(request: pytest.FixtureRequest) -> Door:
    """Every endpoint in turn."""
    found = request.param
    assert isinstance(found, Door)
    return found
