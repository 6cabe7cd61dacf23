import pytest

from logserver.core.projects import Project
from tests.serving import Server
from tests.web.browsing import Visitor, member


@pytest.fixture
def shop(server: Server) -> Project:
    return server.sender("shop").project


@pytest.fixture
def owner(server: Server, shop: Project) -> Visitor:
    """Bob, who owns the shop and is no admin."""
    return member(server, shop, place="owner")
