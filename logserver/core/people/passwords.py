"""Passwords as they are kept: argon2id, worked out aside and one at a time, so that no crowd eats the machine.

The parameters are the first of those that OWASP names (19 MiB, 2 passes, 1 lane); RFC 9106 has 64 MiB, 3 passes and
4 lanes for the same purpose, which takes five times as long on a small machine. One at a time makes about fifty a
second of 20 ms each: more would only take more memory, and processor time from those who send events.
"""

import asyncio
import base64
import contextlib
import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

import argon2

from logserver.store.errors import StoreBusy

T = TypeVar("T")

AT_ONCE = 1
"""Hashes that are worked out at a time."""

MOST_WAITING = 200
"""Those that may wait or be under way, some seconds of work; one more is told to come back."""

_RETRY_SECONDS = 5
_NICE = 10
_SALT_BYTES = 16
_HASH_BYTES = 32


class Cost(NamedTuple):
    """What one hash takes."""

    passes: int = 2
    memory_kib: int = 19_456
    lanes: int = 1


class Hashing(Protocol):
    """A way to hash; calls block for as long as it takes."""

    def hash(self, password: str) -> str:
        """The encoded form of a password, with a salt and the parameters in it."""
        ...

    def verify(self, encoded: str, password: str) -> bool:
        """Whether a password is the one of an encoded form, whatever parameters that has."""
        ...

    def outdated(self, encoded: str) -> bool:
        """Whether an encoded form was made with other parameters than a new one would be."""
        ...

    def nobodys(self) -> str:
        """An encoded form of these parameters that is of no password."""
        ...


class Argon2:
    """Argon2id at a cost."""

    def __init__(self, cost: Cost | None = None) -> None:
        self._cost = cost or Cost()
        passes, memory, lanes = self._cost
        self._hasher = argon2.PasswordHasher(passes, memory, lanes, _HASH_BYTES, _SALT_BYTES)

    def hash(self, password: str) -> str:
        """As Hashing.hash; the salt is random."""
        return self._hasher.hash(password)

    def verify(self, encoded: str, password: str) -> bool:
        """As Hashing.verify; an encoded form that cannot be read is nobody's."""
        try:
            return self._hasher.verify(encoded, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    def outdated(self, encoded: str) -> bool:
        """As Hashing.outdated."""
        return self._hasher.check_needs_rehash(encoded)

    def nobodys(self) -> str:
        """As Hashing.nobodys: random bytes where the hash would be, which takes no work to make."""
        passes, memory, lanes = self._cost
        salt, made = _base64(secrets.token_bytes(_SALT_BYTES)), _base64(secrets.token_bytes(_HASH_BYTES))
        return f"$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${made}"


class Passwords:
    """Hashes and verifies off the event loop, at most ``at_once`` at a time and ``waiting`` in all.

    Whoever comes when that many wait is refused with StoreBusy, so what a crowd takes of memory and time is bounded.
    """

    def __init__(self, hashing: Hashing | None = None, *, at_once: int = AT_ONCE, waiting: int = MOST_WAITING) -> None:
        self._hashing = hashing or Argon2()
        self._nobodys = self._hashing.nobodys()
        self._free = asyncio.Semaphore(at_once)
        # The same threads for all of them: each new one would have a heap of its own, which keeps what it has held.
        self._threads = ThreadPoolExecutor(at_once, "passwords", _yield_to_others)
        self._waiting = waiting
        self._pending = 0

    async def hashed(self, password: str) -> str:
        """The encoded form in which a password is kept."""
        return await self._run(partial(self._hashing.hash, password))

    async def right(self, encoded: str | None, password: str) -> bool:
        """Whether a password is the one of an encoded form; where there is none, False after exactly as much work."""
        verified = await self._run(partial(self._hashing.verify, encoded or self._nobodys, password))
        return verified and encoded is not None

    def outdated(self, encoded: str) -> bool:
        """Whether an encoded form should be made anew at the next chance."""
        return self._hashing.outdated(encoded)

    async def _run(self, function: Callable[[], T]) -> T:
        if self._pending >= self._waiting:
            raise StoreBusy("too many people sign in at this moment; try again shortly", retry_after=_RETRY_SECONDS)
        self._pending += 1
        try:
            async with self._free:
                return await asyncio.get_running_loop().run_in_executor(self._threads, function)
        finally:
            self._pending -= 1


def _yield_to_others() -> None:
    """Let this thread have what processor time nobody else wants: everybody else does milliseconds of work."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode().rstrip("=")
