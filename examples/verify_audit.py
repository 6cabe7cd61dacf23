#!/usr/bin/env python3
"""Verify what ``logserver audit export`` wrote: ``python verify_audit.py export.jsonl``.

It prints the head. Compare it with one that you noted before, or with what ``logserver audit verify`` prints. It needs
the package rfc8785; where the package cryptography is there, it checks the signatures as well.
"""

import hashlib
import json
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import rfc8785


def verify(lines: Iterable[str]) -> str:
    """Return the head of an export; raise ValueError where the chain breaks."""
    rest = map(json.loads, lines)
    first, last, seq = next(rest), "0" * 64, 0
    line = first
    for line in rest:
        part = line.get("stub") or line.get("head") or line
        if "event" in line:
            text = line["previous_hash"].encode() + b"\n" + rfc8785.dumps(line["event"])
            fits = hashlib.sha256(text).hexdigest() == line["content_hash"]
            step = line["previous_hash"], line["seq"], line["content_hash"], line["seq"]
        elif "stub" in line:
            fits = is_signed(first, "stub", part, "first", "last", "before", "hash")
            step = part["before"], part["first"], part["hash"], part["last"]
        else:
            fits = is_signed(first, "head", part, "seq", "hash")
            step = part["hash"], part["seq"] + 1, part["hash"], part["seq"]
        if not fits or ("partial" not in first and step[:2] != (last, seq + 1)):
            raise ValueError(f"the chain breaks at number {step[1]}: {line}")
        last, seq = step[2:]
    if "head" not in line:
        raise ValueError("the last line is missing")
    return f"{seq}:{last}"


def is_signed(first: dict[str, Any], what: str, part: dict[str, Any], *names: str) -> bool:
    """Whether a stub or a head was signed with the key of the first line; True where that cannot be checked."""
    if find_spec("cryptography") is None:
        return True
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - it may be missing
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - as above

    message = "\n".join([f"logserver audit {what} 1", first["project"], *(str(part[name]) for name in names)])
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(first["public_key"]))
        key.verify(bytes.fromhex(part["signature"]), message.encode())
    except InvalidSignature:
        return False
    return True


if __name__ == "__main__":
    with Path(sys.argv[1]).open(encoding="utf-8") as export:
        sys.stdout.write(f"{verify(export)}\n")
