"""Which passwords are good enough: long, not among the commonest, not made of what everybody knows of the person.

A password is what was typed, in Unicode's form NFKC: the same letters typed on another keyboard or system are the
same password (NIST SP 800-63B). Nothing else is changed, and no kinds of characters are asked for.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from itertools import pairwise

from logserver.core.faults import Invalid

SHORTEST = 10
"""Characters that a password has at least."""

LONGEST = 1_024
"""Bytes in UTF-8 that it has at most."""

_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm")
_NEIGHBOURS = frozenset(pair for row in _ROWS for side in (row, row[::-1]) for pair in pairwise(side))
_FEWEST_TURNS = 3
_LEFT_AT_LEAST = 6
_WORD = re.compile(r"[^\W_]{3,}")


def normal(password: str) -> str:
    """A password as it is hashed and compared."""
    return unicodedata.normalize("NFKC", password)


def required(field: str, password: str, own: Iterable[str] = ()) -> str:
    """A new password in its normal form; raises Invalid, under the name of the field, for one that is not good enough.

    ``own`` is what is known of the person: name, e-mail address, organization.
    """
    chosen = normal(password[: LONGEST + 1])
    if len(password) > LONGEST or len(chosen.encode()) > LONGEST:
        raise Invalid([(field, f"must be at most {LONGEST:,} bytes")])
    if len(chosen) < SHORTEST:
        raise Invalid([(field, f"must be at least {SHORTEST} characters")])
    if (problem := _problem(chosen.casefold(), own)) is not None:
        raise Invalid([(field, problem)])
    return chosen


def _problem(folded: str, own: Iterable[str]) -> str | None:
    """What is wrong with a password of the right length, in lower case."""
    if folded in _common() or _letters(folded) in _common():
        return "is among the commonest passwords"
    if _period(folded) < SHORTEST and _period(folded) * 2 <= len(folded):
        return "must not repeat a few characters"
    if _turns(folded) < _FEWEST_TURNS:
        return "must not be a row of neighbours such as abcdef or qwerty"
    if len(_without(folded, own)) < _LEFT_AT_LEAST:
        return "must not be made of your name or e-mail address"
    return None


@cache
def _common() -> frozenset[str]:
    text = files("logserver.core.people").joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("# "))


def _letters(text: str) -> str:
    """A text from its first letter to its last: ``password`` of ``2024password!``."""
    at = [place for place, char in enumerate(text) if char.isalpha()]
    return text[at[0] : at[-1] + 1] if at else ""


def _period(text: str) -> int:
    """The length of the shortest piece that makes the text when it is repeated, the last time perhaps not whole."""
    # The failure function of Knuth, Morris and Pratt: one pass, whatever the text.
    borders = [0] * len(text)
    held = 0
    for at in range(1, len(text)):
        while held and text[at] != text[held]:
            held = borders[held - 1]
        held += text[at] == text[held]
        borders[at] = held
    return len(text) - borders[-1]


def _turns(text: str) -> int:
    """How many characters are neither the one before, nor its neighbour in the alphabet or on a keyboard."""
    return sum(
        abs(ord(this) - ord(before)) > 1 and (before, this) not in _NEIGHBOURS for before, this in pairwise(text)
    )


def _without(text: str, own: Iterable[str]) -> str:
    """What is left of a text without the words of what everybody knows."""
    words = {word for known in own for word in _WORD.findall(normal(known).casefold())}
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, "")
    return text
