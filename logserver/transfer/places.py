"""Events that other records name: by their public id and their place, whichever leads to them where they arrive."""

from logserver.core import records as shown
from logserver.core.faults import NotFound
from logserver.store import events
from logserver.store.ids import LOCAL_BITS, Spelling, uuid_text
from logserver.store.tx import Tx
from logserver.store.writer import WriteTx
from logserver.transfer.destination import Destination


def spelled_id(tx: Tx, event_id: int, spelling: Spelling) -> str:
    """The public id of an event, also of one that is gone, as far as that can be known."""
    event = events.read(tx, event_id)
    return shown.public_id(event, spelling) if event is not None else uuid_text(spelling.raw(event_id))


def packed_id(tx: WriteTx, to: Destination, spelled: str, place: int) -> int:
    """The id here of an event that was moved; of one that was not, the one it would have."""
    likely = to.number << LOCAL_BITS | place
    held = tx.batch.find(tx, likely)
    if held is not None and shown.public_id(held, to.spelling) == spelled:
        return likely
    try:
        return shown.find(tx, to.number, spelled, to.spelling).id
    except NotFound:
        return likely
