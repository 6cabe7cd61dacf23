"""Takes in what `logserver import` puts before a running server, parcel by parcel."""

import asyncio
import logging

import msgspec
import zstandard

from logserver.core.faults import Fault
from logserver.store.database import Database
from logserver.store.errors import StoreBusy
from logserver.store.traces import kind_of, trace
from logserver.transfer import progress
from logserver.transfer.arriving import Arrivals, Parcel

logger = logging.getLogger("logserver.transfer")

EVERY_SECONDS = 0.25
MAX_BODY = 256 * 1024 * 1024
"""Bytes of an unpacked parcel: it has one line at least, and lines are bounded (archive.MAX_LINE)."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Parcel).decode


def packed(parcel: Parcel) -> bytes:
    """A parcel as it waits in the store."""
    return zstandard.ZstdCompressor(level=1).compress(_encode(parcel))


def unpacked(body: bytes) -> Parcel:
    """A parcel that has waited; raises ValueError for what is none."""
    try:
        return _decode(zstandard.ZstdDecompressor().decompress(body, max_output_size=MAX_BODY))
    except (zstandard.ZstdError, msgspec.MsgspecError) as error:
        raise ValueError("what waits to be imported is no parcel") from error


class Inlet:
    """The way in, beside what senders bring."""

    def __init__(self, database: Database, arrivals: Arrivals) -> None:
        self._database = database
        self._arrivals = arrivals
        self._begun = False

    async def one_pass(self, _now_ms: int) -> bool:
        """Take one parcel in; whether there was one. What cannot be taken in is told to the shell that waits for it."""
        if not self._begun:
            # A parcel that ended the process before must not do so again; whoever put it there puts it there again.
            await self._database.write(progress.drop_all)
            self._begun = True
        found = await self._database.look_up(progress.first)
        if found is None:
            return False
        seq, transfer, body = found
        try:
            parcel = await asyncio.to_thread(unpacked, body)
            taken = await self._arrivals.take(parcel, seq)
        except StoreBusy:
            return False
        except (Fault, msgspec.MsgspecError, ValueError) as error:
            await self._database.write(progress.fail, transfer, str(error))
            return True
        except Exception as error:  # noqa: BLE001 - told, without its words, and not tried again
            logger.error("an import failed\n%s", trace(error))  # noqa: TRY400 - its words stay out
            await self._database.write(progress.fail, transfer, f"the server failed at it: {kind_of(error)}")
            return True
        if not taken:
            await self._database.write(progress.drop, seq)
        return True
