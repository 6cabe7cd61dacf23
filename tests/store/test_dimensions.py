from logserver.store import dimensions
from logserver.store.database import snapshot
from tests.contracts.logister.sending import EVENTS, event
from tests.serving import Sender, Server


def test_levels_and_environments_are_those_of_the_project_and_type(server: Server, sender: Sender) -> None:
    other = server.sender()
    for token, values in (
        (sender.token, {"event_type": "error", "level": "critical", "environment": "staging"}),
        (sender.token, {"event_type": "error", "level": "error", "environment": "production"}),
        (sender.token, {"event_type": "log", "level": "debug", "environment": "test"}),
        (other.token, {"event_type": "error", "level": "warning", "environment": "elsewhere"}),
    ):
        assert server.post(EVENTS, event(message="m", **values), token).status_code == 201
    with snapshot(server.folder) as tx:
        number = sender.project.number
        assert dimensions.values(tx, number, "error", "level") == ["error", "fatal"]
        assert dimensions.values(tx, number, "error", "environment") == ["production", "staging"]
        assert dimensions.values(tx, number, "metric", "level") == []
