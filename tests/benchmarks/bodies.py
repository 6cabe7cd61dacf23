"""Log events as a client sends them: about 500 bytes of JSON, 14 attributes, no two alike.

A project's messages share common words and thousands of less common ones; some words and levels are rare on
purpose, so that searches have something to look for.
"""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tests.benchmarks.plan import seeded

PROJECTS = 20
"""Projects of the large store, numbered from 1."""

COMMON_WORD = "request"
RARE_WORD = "sinkhole"
"""In one of 5,000 messages."""
ELSEWHERE_WORD = "telescope"
"""In every third message of every project but the first."""
RARE_LEVEL = "fatal"
"""One of 1,000 events."""
TWO_WORD_PHRASE = "connection reset"
COMMON_PHRASE = "request completed for order"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SYLLABLES = ("ba", "co", "di", "fu", "ga", "hel", "in", "jo", "ka", "lum", "mo", "nar", "os", "pe", "qui", "ros")
_WORDS = ["".join(parts) for parts in itertools.product(_SYLLABLES, repeat=3)]
_MESSAGES = (
    *["request completed for order %d in %d ms by %s after %s%s"] * 11,
    *["cache miss for product %d, loaded in %d ms from %s shard %s%s"] * 4,
    *["request queued for order %d, %d waiting behind %s on %s%s"] * 2,
    *["payment %d authorised in %d ms, batch %s, terminal %s%s"] * 2,
    "connection reset while writing order %d, attempt %d to %s via %s%s",
)
_LEVELS = (*["info"] * 15, *["debug"] * 2, *["warning"] * 2, "error")
_ENVIRONMENTS = ("production", "production", "production", "staging")
_SERVICES = ("checkout", "catalogue", "payments", "search", "accounts", "shipping", "mailer", "gateway")
_REGIONS = ("eu-west-1", "eu-central-1", "us-east-1")
_ROUTES = ("/api/orders", "/api/orders/:id", "/api/products", "/api/cart", "/api/login", "/api/invoices")
_METHODS = ("GET", "GET", "POST", "PUT")
_STATUSES = (200, 200, 200, 201, 204, 404, 500)

_EVENT = (
    '{"event":{%s"event_type":"log","level":"%s","message":"%s","occurred_at":"%s","context":{'
    '"environment":"%s","release":"2026.%d.%d","service":"%s","trace_id":"%016x","request_id":"req-%08x",'
    '"user_id":%d,"tenant":"tenant-%d","region":"%s","host":"web-%02d","method":"%s","route":"%s",'
    '"status_code":%d,"duration_ms":%.1f,"attempt":%d}}}'
)
_UUID = '"uuid":"%08x-%04x-4%03x-a%03x-%012x",'


def bodies(
    seed: int, *, start_ms: int, step_ms: float, project: int = 1, uuids: bool = False, sequence: int = 0
) -> Iterator[bytes]:
    """Endless events of a project, ``step_ms`` apart from ``start_ms`` (Unix), with a uuid each if wanted.

    ``sequence`` numbers the first one: the same seed never gives two alike, however often it is asked.
    """
    chance = seeded(seed * 1_000_003 + sequence)
    random, bits = chance.random, chance.getrandbits
    for number in itertools.count(sequence):
        drawn = bits(64)
        extra = ""
        if drawn % 5_000 == 0:
            extra = " into a " + RARE_WORD
        elif project != 1 and drawn % 3 == 0:
            extra = " seen by " + ELSEWHERE_WORD
        message = _MESSAGES[drawn % 20] % (
            number,
            int(1 / (random() + 0.0005)),
            # Low numbers come up far more often: some words are common, most are not.
            _WORDS[int(random() ** 4 * len(_WORDS))],
            _WORDS[int(random() ** 4 * len(_WORDS))],
            extra,
        )
        occurred = _EPOCH + timedelta(milliseconds=int(start_ms + (number - sequence) * step_ms))
        identity = ""
        if uuids:
            identity = _UUID % (bits(32), bits(16), bits(12), bits(12), bits(48))
        yield (
            _EVENT
            % (
                identity,
                RARE_LEVEL if (drawn >> 5) % 1_000 == 0 else _LEVELS[(drawn >> 5) % 20],
                message,
                occurred.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                _ENVIRONMENTS[(drawn >> 16) & 3],
                (drawn >> 18) % 12 + 1,
                (drawn >> 22) & 7,
                _SERVICES[(drawn >> 25) & 7],
                bits(64),
                bits(32),
                int(random() ** 2 * 20_000),
                (drawn >> 28) % 300,
                _REGIONS[(drawn >> 37) % 3],
                (drawn >> 40) & 31,
                _METHODS[(drawn >> 45) & 3],
                _ROUTES[(drawn >> 47) % 6],
                _STATUSES[(drawn >> 51) % 7],
                10 / (random() + 0.005),
                (drawn >> 54) % 3 + 1,
            )
        ).encode()
