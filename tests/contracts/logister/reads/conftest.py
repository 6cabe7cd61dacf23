import pytest

from tests.contracts.logister.reads.asked import Desk
from tests.serving import Sender, Server


@pytest.fixture
def desk(server: Server, sender: Sender) -> Desk:
    """A project of the server, to be read."""
    return Desk(server, sender)
