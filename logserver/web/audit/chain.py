"""Verification of a trail in the browser: a stretch at a time, each answer asking for the next one."""

from starlette.responses import Response

from logserver.contracts.logstitch.links import Head
from logserver.contracts.logstitch.stretches import BEGINNING, Stretch, verify_on
from logserver.core.faults import Malformed
from logserver.store.tx import Tx
from logserver.web.audit.trail import kept_head
from logserver.web.visit import Visit

LINKS = 1_000
"""Links that are verified at a time."""


async def chain(visit: Visit) -> Response:
    """How far the chain is whole, from where the page before had come; raises Malformed for no such place."""
    before, kept = _before(visit.query), await kept_head(visit)
    site, project = visit.site, visit.project

    def look(tx: Tx) -> Stretch:
        spelling = site.resources.database.spelling
        return verify_on(tx, project, spelling, site.chain.public, before, kept=kept, most=LINKS)

    found = await site.resources.database.read(look)
    onward = None
    if not found.ended:
        head, so_far = found.head, f"{found.events}.{found.stubs}"
        onward = visit.place("/audit/chain", after=str(head), so_far=so_far)
    template = "audit/verified.html" if visit.partial else "audit/chain.html"
    return visit.page(template, found=found, onward=onward)


def _before(query: dict[str, str]) -> Stretch:
    if "after" not in query:
        return BEGINNING
    try:
        seq, hash_ = query["after"].split(":")
        events, stubs = query.get("so_far", "").split(".")
        head = Head(int(seq), bytes.fromhex(hash_))
        before = Stretch(head, int(events), int(stubs), head.seq)
    except ValueError:
        raise Malformed("after: this is no place in a chain") from None
    if len(head.hash) != len(BEGINNING.head.hash) or not 0 <= head.seq < 1 << 53:
        raise Malformed("after: this is no place in a chain")
    return before
