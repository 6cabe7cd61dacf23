"""The key that signs the audit trail: in a file of its own, so that whoever can change the database cannot sign."""

import logging
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from logserver.store.filing import sync_folder

logger = logging.getLogger("logserver.audit")

FILE = "audit.key"
_SEED_BYTES = 32


class Unsigned(Exception):
    """The key file cannot be used; the message says why."""


class Signer:
    """Signs with the private key of a store (Ed25519)."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self._key.public_key().public_bytes_raw()
        """The 32 bytes anybody can verify with."""

    def sign(self, message: bytes) -> bytes:
        """The signature of a message, 64 bytes."""
        return self._key.sign(message)


def verified(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature of a message was made with the private key of a public one."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def existing(folder: Path) -> Signer | None:
    """The key of a store's folder; None where it has none. Raises Unsigned for a file that holds no key."""
    path = folder / FILE
    try:
        return decoded(path.read_bytes(), str(path))
    except FileNotFoundError:
        return None


def decoded(seed: bytes, where: str) -> Signer:
    """The key that a file holds; raises Unsigned, which says ``where`` it is."""
    if len(seed) != _SEED_BYTES:
        raise Unsigned(f"{where} holds no key of {_SEED_BYTES} bytes; put back the file that was there")
    return Signer(seed)


def existing_or_new(folder: Path) -> Signer:
    """The key of a store's folder, made when it is missing, readable by its owner only."""
    signer = existing(folder)
    if signer is not None:
        return signer
    path, fresh = folder / FILE, folder / f"{FILE}.new"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(os.urandom(_SEED_BYTES))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)  # at once or not at all: half a key would be worse than none
    sync_folder(folder)  # before anything is signed: a power cut may take the name of a file, however whole it is
    logger.info("made the key that signs the audit trail, %s", path)
    made = existing(folder)
    if made is None:
        raise Unsigned(f"{path} vanished as soon as it was made")
    return made
