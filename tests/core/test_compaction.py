"""What deletion leaves behind is given back: in the index, and in the file."""

from itertools import count

from logserver.core.compaction import Compaction
from logserver.core.retention import Retention
from logserver.store import index, space
from tests import agreement
from tests.contracts.logister.sending import BATCH, NDJSON, event, lines, uuid
from tests.serving import Sender, Server

DAY = 86_400
NUMBERS = count(1)


def fill(server: Server, sender: Sender, total: int) -> None:
    for start in range(0, total, 100):
        body = [
            event(uuid=uuid(next(NUMBERS)), message=f"m {n}", context={"n": n, "words": f"a{n} b{n} c{n % 50}"})
            for n in range(start, start + 100)
        ]
        assert server.post(BATCH, lines(*body), sender.token, NDJSON).status_code == 202
        server.clock.turn(10)


def expire(server: Server) -> None:
    retention = Retention(server.app.trail.retire)
    while server.write(retention.expire, server.clock.now_ms()):
        pass


def compact(server: Server, limit: int = 0, *, hurried: bool = False) -> None:
    """Let the job run until it finds nothing to do any more."""
    compaction, rested = Compaction(server.app.database, server.clock.monotonic, limit, lambda: hurried), 0
    while rested < 5:
        server.clock.turn(3)
        rested = 0 if server.run(compaction.one_pass, server.clock.now_ms()) else rested + 1


def test_what_was_deleted_leaves_the_index(server: Server) -> None:
    sender = server.sender(retention_days=1)
    fill(server, sender, 6_000)
    server.clock.turn(2 * DAY)
    fill(server, sender, 1_000)
    fresh = server.run(server.app.database.read, index.pages)
    expire(server)
    compact(server)
    assert server.run(server.app.database.read, index.pages) < fresh / 3
    assert server.run(server.app.database.read, index.owed) == (0, None)
    assert server.rows("SELECT v FROM event_words_config WHERE k = 'usermerge'") == [(4,)]
    assert agreement.check(server.folder) == 1_000


def test_a_merge_that_was_begun_is_found_again(server: Server) -> None:
    sender = server.sender(retention_days=1)
    fill(server, sender, 1_000)
    server.clock.turn(2 * DAY)
    expire(server)
    server.write(index.begin_whole_merge)
    fill(server, sender, 500)
    compact(server, hurried=True)
    assert server.run(server.app.database.read, index.owed) == (0, None)
    assert agreement.check(server.folder) == 500


def test_the_file_becomes_shorter_once_much_of_it_is_unused(server: Server, sender: Sender) -> None:
    for _ in range(22):
        body = [event(uuid=uuid(next(NUMBERS)), message="large", context={"pad": "x" * 8_000}) for _ in range(100)]
        assert server.post(BATCH, lines(*body), sender.token, NDJSON).status_code == 202
        server.clock.turn(10)
    full = server.run(server.app.database.read, space.read)
    assert full.size > 16_000_000
    server.clock.turn(60 * DAY)
    expire(server)
    compact(server)
    left = server.run(server.app.database.read, space.read)
    # What will soon be needed again stays; the rest is gone.
    assert left.used < 2_000_000
    assert left.unused <= 8_000_000 + left.page
    assert agreement.check(server.folder) == 0


def test_on_a_full_disk_everything_unused_is_given_back(server: Server, sender: Sender) -> None:
    fill(server, sender, 2_000)
    server.clock.turn(60 * DAY)
    expire(server)
    assert server.run(server.app.database.read, space.read).unused > 0
    server.app.database.refusing = "there is no room"
    compact(server)
    assert server.run(server.app.database.read, space.read).unused < 64 * 4_096
