"""Verification of a trail in the browser: a stretch at a time, each answer asking for the next one.

How far it has come stands in the address of the next stretch, signed for the session that verifies: nobody can be
sent a link to a chain of which the broken part counts as verified.
"""

from hashlib import blake2b
from hmac import compare_digest

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
    before, kept = _before(visit), await kept_head(visit)
    site, project = visit.site, visit.project

    def look(tx: Tx) -> Stretch:
        spelling = site.resources.database.spelling
        return verify_on(tx, project, spelling, site.chain.public, before, kept=kept, most=LINKS)

    found = await site.resources.database.read(look)
    onward = None
    if not found.ended:
        onward = _onward(visit, found)
    template = "audit/verified.html" if visit.partial else "audit/chain.html"
    return visit.page(template, found=found, onward=onward)


def _onward(visit: Visit, found: Stretch) -> str:
    after, so_far = str(found.head), f"{found.events}.{found.stubs}"
    return visit.place("/audit/chain", after=after, so_far=so_far, seal=_seal(visit, after, so_far))


def _seal(visit: Visit, after: str, so_far: str) -> str:
    said = f"{visit.project.uuid} {visit.session.uuid} {after} {so_far}".encode()
    return blake2b(said, key=visit.site.resources.database.secret, digest_size=16, person=b"verified").hexdigest()


def _before(visit: Visit) -> Stretch:
    query = visit.query
    if "after" not in query:
        return BEGINNING
    sealed = _seal(visit, query["after"], query.get("so_far", ""))
    if not compare_digest(query.get("seal", "").encode(), sealed.encode()):
        raise Malformed("after: this is no place in a chain")
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
