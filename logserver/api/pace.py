"""Lets so much through in a second; what comes on top waits for its turn."""

import asyncio


class Pace:
    """``rate`` is how much a second has room for, ``slack`` how many seconds may be used ahead of time."""

    def __init__(self, rate: float, *, slack: float = 0.05) -> None:
        self._rate = rate
        self._slack = slack
        self._free_at = 0.0

    async def take(self, cost: float) -> None:
        """Use a part of it, and wait until that was due; others have their turn in any case."""
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now) + cost / self._rate
        ahead = self._free_at - now
        await asyncio.sleep(ahead if ahead > self._slack else 0)
