r"""logfmt: ``key=value key="quoted \"value\"" flag``."""

import re
from typing import Any

_PART = re.compile(
    r"""\s*+(?P<key>[^\s="]++)(?:=(?:"(?P<quoted>(?:[^"\\]|\\.)*+)"(?=\s|\Z)|(?P<bare>\S*+))|(?=\s|\Z))""", re.DOTALL
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?", re.ASCII)


def read_logfmt(text: str) -> dict[str, Any] | None:
    """The pairs of a line of logfmt; None where it is none.

    It is logfmt where it begins with a pair, has at least two, is nothing but pairs and single words, and has more
    pairs than words: prose with a ``key=value`` in it is prose. A word alone is true. Numbers and truth values are
    taken as such where they would be spelled just so again; everything else is text. Of a key that comes twice
    the last counts. In time linear in the text.
    """
    at, end = 0, len(text)
    held: dict[str, Any] = {}
    pairs = words = 0
    while at < end:
        part = _PART.match(text, at)
        if part is None:
            return None
        at = part.end()
        if part["quoted"] is not None:
            value: Any = _unescaped(part["quoted"])
        elif part["bare"] is not None:
            value = _value(part["bare"])
        else:
            words += 1
            if not pairs:
                return None
            held.setdefault(part["key"], True)
            continue
        pairs += 1
        held[part["key"]] = value
    return held if pairs >= 2 and pairs > words else None


def _unescaped(quoted: str) -> str:
    if "\\" not in quoted:
        return quoted
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), quoted)


def _value(bare: str) -> Any:
    if bare in {"true", "false"}:
        return bare == "true"
    if not _NUMBER.fullmatch(bare):
        return bare
    number = float(bare) if "." in bare else int(bare)
    return number if str(number) == bare else bare
