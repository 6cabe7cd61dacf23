"""An event as one JSON object, and found again by the id that stands in it."""

from sqlite3 import Connection

import pytest

from logserver.core.faults import NotFound
from logserver.core.records import find, public_id, record
from logserver.store.events import Event
from logserver.store.ids import Spelling
from logserver.store.search import Search, older
from tests.store.stored import START, event, opened, put

SPELLING = Spelling(b"k" * 32)


def _stored(tx: Connection, one: Event) -> Event:
    put(tx, [one])
    (found,), _ = older(tx, Search((1,)), limit=1, place=None)
    return found


@pytest.mark.parametrize("kind", ["log", "audit"])
def test_an_event_is_found_by_what_it_is_shown_as(kind: str) -> None:
    tx = opened()
    one = _stored(tx, event("here", kind=kind, ms=START + 5))
    spelled = public_id(one, SPELLING)
    assert spelled.startswith("evt_") == (kind == "audit")
    assert record(one, "shop", SPELLING)["id"] == spelled
    assert find(tx, 1, spelled, SPELLING) == one
    for wrong in (spelled[:-1], spelled + "0", spelled[:-1] + ("1" if spelled[-1] == "0" else "0"), ""):
        with pytest.raises(NotFound):
            find(tx, 1, wrong, SPELLING)
    with pytest.raises(NotFound):
        find(tx, 2, spelled, SPELLING)


def test_what_is_not_known_of_an_event_is_left_out() -> None:
    one = event("here")
    assert not {"fingerprint", "group", "timed_by_receipt"} & record(one, "shop", SPELLING).keys()
