"""The certificate with which the server speaks HTTPS, taken up again when its files are renewed."""

import logging
import ssl
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

logger = logging.getLogger("logserver.tls")

EVERY_SECONDS = 2.0
"""How often it is looked whether the files are others."""

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_SOON_MS = 14 * _DAY_MS


class Unusable(Exception):
    """The certificate or its key cannot be used; the message says which, and why."""


class _Seen(NamedTuple):
    """What tells a file from the one that was there before."""

    inode: int
    size: int
    changed_ns: int


class Certificate:
    """A certificate and its private key, both PEM files; ``cert`` holds the chain as well.

    Raises Unusable for files that cannot be read, do not belong together, or need a passphrase.
    """

    def __init__(self, cert: Path, key: Path) -> None:
        self._cert, self._key = cert, key
        self._seen = self._look()
        self._current = self._made()
        self._said_ms = {"trouble": 0, "end": 0}
        self.context = self._made()
        """What the listening socket is given. Each handshake is told the certificate that is current."""
        self.context.sni_callback = self._choose
        if stat.S_IMODE(key.stat().st_mode) & 0o007:
            logger.warning("anybody on this machine may read or change %s; run: chmod o= %s", key, key)

    async def one_pass(self, now_ms: int) -> bool:
        """Take up files that are new; where they cannot be used, go on with what was read before, and say so."""
        try:
            seen = self._look()
            if seen != self._seen:
                self._current = self._made()
                self._seen = seen
                logger.info("the certificate in %s is in use from now on", self._cert)
        except Unusable as error:
            # Half renewed, perhaps: the next pass looks again.
            if self._may_say("trouble", now_ms, _HOUR_MS):
                logger.error("%s; the certificate of before stays in use", error)  # noqa: TRY400 - nothing to trace
            return False
        end_ms = ends_ms(self._cert)
        if end_ms is not None and end_ms - now_ms < _SOON_MS and self._may_say("end", now_ms, _DAY_MS):
            day = datetime.fromtimestamp(end_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M")
            logger.warning("the certificate in %s %s %s UTC", self._cert, "ended" if end_ms < now_ms else "ends", day)
        return False

    def _may_say(self, what: str, now_ms: int, every_ms: int) -> bool:
        if now_ms - self._said_ms[what] < every_ms:
            return False
        self._said_ms[what] = now_ms
        return True

    def _choose(self, handshake: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        """Give a handshake what is current; it is asked for whether or not the client names a host."""
        handshake.context = self._current

    def _look(self) -> tuple[_Seen, ...]:
        try:
            found = [path.stat() for path in (self._cert, self._key)]
        except OSError as error:
            raise Unusable(f"{error.filename}: {error.strerror}") from error
        return tuple(_Seen(each.st_ino, each.st_size, each.st_mtime_ns) for each in found)

    def _made(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.set_alpn_protocols(["http/1.1"])
        for path in (self._cert, self._key):
            _readable(path)
        try:
            context.load_cert_chain(self._cert, self._key, _no_passphrase(self._key))
        except ssl.SSLError as error:
            raise Unusable(_explained(self._cert, self._key, error)) from error
        return context


def ends_ms(cert: Path) -> int | None:
    """When the first certificate of a file ends, in Unix milliseconds; None where that cannot be told."""
    try:
        first = x509.load_pem_x509_certificate(cert.read_bytes())
    except (OSError, ValueError):
        return None
    return int(first.not_valid_after_utc.timestamp() * 1_000)


def _readable(path: Path) -> None:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise Unusable(f"{path}: {error.strerror}") from error


def _no_passphrase(key: Path) -> Callable[[], str]:
    def asked() -> str:
        # Without this the library would ask at the terminal, and wait.
        raise Unusable(f"{key} is protected by a passphrase; give a key without one")

    return asked


def _explained(cert: Path, key: Path, error: ssl.SSLError) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"{key} is not the key of the certificate in {cert}"
    if ends_ms(cert) is None:
        return f"{cert} holds no certificate (PEM)"
    return f"{key} holds no private key (PEM) that can be used"
