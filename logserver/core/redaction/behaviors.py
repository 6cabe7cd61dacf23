"""What becomes of what was found: replaced, hashed or masked; doing it to its own result changes nothing."""

import hmac
from collections.abc import Callable
from typing import Literal

from logserver.core.redaction.patterns import Pattern

Behavior = Literal["replace", "hash", "mask"]

BEHAVIORS: tuple[Behavior, ...] = ("replace", "hash", "mask")
"""The strictest first: where matches of several rules overlap, the first of theirs is followed."""

REDACTED = "[REDACTED]"

_CARD, _SSN = "builtin_credit_card", "builtin_ssn"
_HASH = r"sha256:[0-9a-f]{16}"
_MASKS = r"\*{4}-\*{4}-\*{4}-[0-9]{4}|\*{3}-\*{2}-[0-9]{4}"
_RESULTS: dict[Behavior, Pattern] = {
    "replace": Pattern(rb"\[REDACTED\]"),
    "hash": Pattern(_HASH.encode()),
    "mask": Pattern(rf"{_MASKS}|(?s:\*{{5,}}.{{4}})|\*{{1,8}}".encode()),
}


def is_result(raw: bytes, behavior: Behavior) -> bool:
    """Whether a whole text is what a behaviour makes; ``[REDACTED]`` is a result of them all."""
    return _RESULTS["replace"].whole(raw) or _RESULTS[behavior].whole(raw)


def tokens(in_use: set[Behavior], *, key: bool) -> Pattern:
    """What the results of behaviours look like within a text or an object key: no custom pattern looks into them."""
    shapes = [r"\[REDACTED(?: [0-9]{1,6})?\]" if key else r"\[REDACTED\]"]
    if "hash" in in_use:
        shapes.append(_HASH)
    if "mask" in in_use:
        shapes.append(rf"{_MASKS}|\*{{5,}}[^\s*]{{1,4}}|\*+")
    return Pattern("|".join(shapes).encode())


def mask(text: str, rule_id: str = "") -> str:
    """The last four digits of a card or a social security number in its form, of anything else all but its last four.

    Eight characters or fewer leave nothing but stars.
    """
    if rule_id in {_CARD, _SSN}:
        last = "".join(character for character in text if character in "0123456789")[-4:]
        return f"****-****-****-{last}" if rule_id == _CARD else f"***-**-{last}"
    if len(text) <= 8:
        return "*" * len(text)
    return "*" * (len(text) - 4) + text[-4:]


def keyed_hash(secret: bytes, text: str, refused: Callable[[str], bool]) -> str:
    """``sha256:`` and 16 hex digits that are the same for the same text, and none that is ``refused``."""
    value = text.encode("utf-8", "surrogatepass")
    for attempt in range(100):
        message = value if not attempt else b"%d\0%b" % (attempt, value)
        result = f"sha256:{hmac.digest(secret, message, 'sha256').hex()[:16]}"
        if not refused(result):
            return result
    return REDACTED
