"""Anonymous streams: events sent without an account, which wait to be claimed by a project or expire.

A stream is known by its claim token, of which only the SHA-256 is stored. Its events are redacted by the built-in
rules before they are stored (waiting.py); nobody can read them before they are claimed.

Whoever makes streams fills neither memory nor disk. An event has at most 64 KiB, a request 512 KiB; the
events of all streams together take ``StreamLimits.megabytes``, and there are at most ``StreamLimits.most`` streams,
waiting or remembered as expired, of about 200 bytes each. Beyond either, 503. A stream expires after
``StreamLimits.days``: then its events go, and its row 30 days later, or sooner where room is needed. The row of a
claimed one stays, since it is locked for good: only a master key makes such rows. In memory there is one window for
each address of the last minute, at most 20,000; further addresses share one.
"""

from hashlib import blake2b
from typing import NamedTuple

from logserver.contracts.logstitch import waiting
from logserver.contracts.logstitch.events import Draft
from logserver.contracts.logstitch.options import StreamLimits
from logserver.contracts.logstitch.stream_limits import DAY_MS, StreamQuota
from logserver.contracts.logstitch.trail import Stored, Trail, read_redacted
from logserver.core.faults import Conflict, Gone, NotFound
from logserver.core.projects import Project
from logserver.core.tokens import digest
from logserver.store.database import Database
from logserver.store.ids import ulid_text
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx

REMEMBERED_MS = 30 * DAY_MS
"""How long an expired stream is known as such."""

PASS_ROWS = 200
_UNMADE = 0
"""The id of a stream that is not there yet."""


class Stream(NamedTuple):
    """A stream as it is at some time; times are Unix milliseconds."""

    id: int
    status: str
    """active, claimed or expired."""
    created_at: int
    expires_at: int
    n: int
    """Events it was sent in its life."""
    bytes: int


class Streams:
    """The streams of a store. All but info() run in the writer."""

    def __init__(self, database: Database, trail: Trail, limits: StreamLimits) -> None:
        self._database = database
        self._trail = trail
        self._limits = limits
        self._quota = StreamQuota(limits)

    def store(self, tx: WriteTx, token: str, source: str, drafts: list[Draft], received_ms: int) -> Stored:
        """Store events in the stream of a token, all or none; the stream is made if it is not there.

        ``source`` is what the sender's address is limited as. A repeated idempotency key is answered with the id of
        the first event, and neither stores nor costs anything. Raises Gone for an expired stream, Conflict for a
        claimed one, TooMany where a limit leaves no room for all of them, Invalid as trail.read_redacted(), and
        StoreBusy where the streams of everybody together use what they may.
        """
        maker = self._digest(source)
        stream = find(tx, token, received_ms)
        if stream is None:
            self._quota.require_new(tx, maker, received_ms)
            stream = Stream(_UNMADE, "active", received_ms, received_ms + self._limits.days * DAY_MS, 0, 0)
        _require_active(stream)
        ids, fresh = waiting.numbered(tx, stream.id, drafts, received_ms)
        self._quota.require_events(
            tx, stream.id, n=stream.n, expires_at=stream.expires_at, fresh=len(fresh), now_ms=received_ms
        )
        made, counts = read_redacted(self._trail.policies.defaults(), drafts, received_ms)
        kept = [made[index] for index in fresh]
        bodies, size = waiting.bodies(kept)
        self._quota.require_room(tx, size)
        if stream.id == _UNMADE:
            stream = self._make(tx, token, maker, stream)
        rows = list(zip([ids[index] for index in fresh], kept, bodies, strict=True))
        waiting.append(tx, stream.id, stream.n, rows)
        tx.execute("UPDATE streams SET n = n + ?, bytes = bytes + ? WHERE id = ?", (len(rows), size, stream.id))
        tx.execute("UPDATE stream_totals SET bytes = bytes + ?", (size,))
        return Stored([f"evt_{ulid_text(ulid)}" for ulid in ids], sum(counts[index] for index in fresh))

    def _digest(self, source: str) -> bytes:
        """What a source is remembered as: two streams of one can be told, the address itself cannot."""
        return blake2b(source.encode(), key=self._database.secret, person=b"stream source", digest_size=16).digest()

    def _make(self, tx: WriteTx, token: str, maker: bytes, stream: Stream) -> Stream:
        self._quota.require_place(tx)
        made = tx.execute(
            "INSERT INTO streams (digest, source, status, created_at, expires_at) VALUES (?, ?, ?, ?, ?) RETURNING id",
            (digest(token), maker, stream.status, stream.created_at, stream.expires_at),
        ).fetchone()
        tx.execute("UPDATE stream_totals SET streams = streams + 1")
        return stream._replace(id=made[0])

    @staticmethod
    def info(tx: Tx, token: str, now_ms: int) -> Stream:
        """The stream of a token, active or claimed; raises NotFound, and Gone for an expired one."""
        stream = _existing(tx, token, now_ms)
        _require_unexpired(stream)
        return stream

    def claim(self, tx: WriteTx, project: Project, token: str, now_ms: int) -> int:
        """Move every event of a stream into a project, in the order sent; how many they were.

        The stream is locked for good. Raises NotFound, Conflict for a claimed stream, Gone for an expired one, and
        what trail.claim() raises; then nothing has changed.
        """
        stream = _existing(tx, token, now_ms)
        _require_active(stream)
        taken = self._trail.claim(tx, project, waiting.read(tx, stream.id))
        waiting.delete(tx, stream.id)
        tx.execute("UPDATE streams SET status = 'claimed', bytes = 0 WHERE id = ?", (stream.id,))
        tx.execute("UPDATE stream_totals SET streams = streams - 1, bytes = bytes - ?", (stream.bytes,))
        return taken

    @staticmethod
    def expire(tx: WriteTx, now_ms: int) -> bool:
        """One pass over what has expired: up to 200 rows of events and of streams; whether there may be more."""
        due = tx.execute(
            "UPDATE streams SET status = 'expired' WHERE id IN"
            " (SELECT id FROM streams WHERE status = 'active' AND expires_at <= ? ORDER BY expires_at LIMIT ?)",
            (now_ms, PASS_ROWS),
        ).rowcount
        leaving = tx.execute(
            "SELECT id, bytes FROM streams INDEXED BY streams_leaving WHERE status = 'expired' AND bytes > 0 LIMIT ?",
            (PASS_ROWS,),
        ).fetchall()
        left = PASS_ROWS
        for stream, size in leaving:
            left -= waiting.delete(tx, stream, left)
            if left <= 0:
                return True
            tx.execute("UPDATE streams SET bytes = 0 WHERE id = ?", (stream,))
            tx.execute("UPDATE stream_totals SET bytes = bytes - ?", (size,))
        forgotten = tx.execute(
            "DELETE FROM streams WHERE id IN"
            " (SELECT id FROM streams WHERE status = 'expired' AND bytes = 0 AND expires_at <= ? LIMIT ?)",
            (now_ms - REMEMBERED_MS, PASS_ROWS),
        ).rowcount
        tx.execute("UPDATE stream_totals SET streams = streams - ?", (forgotten,))
        return PASS_ROWS in {due, len(leaving), forgotten}


def find(tx: Tx, token: str, now_ms: int) -> Stream | None:
    """The stream of a token in lower case, as it is at a time; None for one that was never made, or is forgotten."""
    row = tx.execute(
        "SELECT id, status, created_at, expires_at, n, bytes FROM streams WHERE digest = ?", (digest(token),)
    ).fetchone()
    if row is None:
        return None
    stream = Stream(*row)
    return stream._replace(status="expired") if stream.status == "active" and stream.expires_at <= now_ms else stream


def _existing(tx: Tx, token: str, now_ms: int) -> Stream:
    stream = find(tx, token, now_ms)
    if stream is None:
        raise NotFound("there is no such stream")
    return stream


def _require_active(stream: Stream) -> None:
    if stream.status == "claimed":
        raise Conflict("the stream has been claimed")
    _require_unexpired(stream)


def _require_unexpired(stream: Stream) -> None:
    if stream.status == "expired":
        raise Gone("the stream has expired")
