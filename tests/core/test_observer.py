"""What was refused is noted also where there was no room for the note itself, once there is."""

from logserver.core.observer import Refusal
from tests.serving import Server


def test_a_note_that_finds_no_room_is_kept_and_is_no_failure(server: Server) -> None:
    server.app.database.refusing = "the disk is nearly full"
    for number in range(2_000):
        server.app.observer.note(Refusal("storebusy", 503, f"POST /{number}"))
        if number % 500 == 0:
            server.run(server.app.observer.flush, server.clock.now_ms())
    server.run(server.app.observer.flush, server.clock.now_ms())
    server.app.database.refusing = None

    noted = server.refusals()

    assert {event.context["endpoint"] for event in noted} == {f"POST /{number}" for number in range(1_400, 2_000)}
    assert server.app.schedule.jobs.records["observer"].failures == 0
