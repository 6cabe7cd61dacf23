"""How many events projects had of late."""

from logserver.store import lately
from logserver.store.database import transaction
from tests.serving import Sender, Server


def test_events_are_counted_in_the_part_of_their_minute(server: Server, sender: Sender) -> None:
    other, first = server.sender().project, 30_000_000
    with transaction(server.folder) as tx:
        tx.executemany(
            "INSERT INTO counts (project, minute, dimension, n) VALUES (?, ?, ?, ?)",
            [
                (sender.project.number, first - 1, 1, 100),
                (sender.project.number, first, 1, 2),
                (sender.project.number, first + 14, 1, 3),
                (sender.project.number, first + 14, 2, 4),
                (sender.project.number, first + 15, 1, 5),
                (sender.project.number, first + 45, 1, 100),
                (other.number, first, 1, 7),
            ],
        )
        assert lately.totals(tx, sender.project.number, first, minutes=15, parts=3) == [9, 5, 0]
        assert lately.totals(tx, other.number, first, minutes=15, parts=1) == [7]
