"""Telephone numbers, told from times, identifiers and amounts."""

from collections.abc import Iterator

from logserver.core.redaction.patterns import Look, Span, builtin, digit_groups

_INTERNATIONAL = builtin(rb"\+[1-9](?:[ ./()-]{0,3}[0-9])*")
_DECIMAL = builtin(rb"\+[0-9]{4,}\.[0-9]+|\+[0-9]+\.[0-9]{1,5}")
_NORTH_AMERICAN = builtin(
    rb"(?:1[ .-])?(?:\([2-9][0-9]{2}\)[ .-]?[0-9]{3}[ .-]?[0-9]{4}|[2-9][0-9]{2}[ .-][0-9]{3}[ .-][0-9]{4})"
)
_TRUNK = builtin(
    rb"(?:\(0[1-9][0-9]{0,4}\)|0[1-9][0-9]{0,4}|00[1-9][0-9]{0,2})(?:[ /.-][0-9]{2,8}|[ ][/-][ ][0-9]{2,8}){1,6}"
)
_QUAD = builtin(rb"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_BEFORE = rb"(?:^|[^0-9A-Za-z_+.:/-]|[^0-9A-Za-z]-|[^0-9][.:/]|sha256:|\\[bfnrt]|\\u00[01][0-9a-f])"
PHONE_HINT = (
    rb"\+[1-9](?:[ ./()-]{0,3}[0-9]){7}"
    rb"|[2-9][0-9]{2}(?:\)[ .-]?[0-9]{3}[ .-]?|[ .-][0-9]{3}[ .-])[0-9]{4}"
    rb"|%b\(?0[0-9]{1,4}\)?[ ./-]{1,3}[0-9](?:[ ./-]{0,3}[0-9]){3}" % _BEFORE
)


def phones(look: Look, _hint: bytes) -> Iterator[Span]:
    """Telephone numbers that are written as such; a long number alone is none.

    Those with + and 8 to 15 digits (ITU-T E.164); the North American plan's, area code from 200, with separators or
    the code in parentheses; those with a trunk 0 or the prefix 00 whose groups are apart (ITU-T E.123, section 2).
    """
    raw = look.raw
    if b"+" in raw:
        yield from _internationals(raw)
    for start, end in _NORTH_AMERICAN.spans(raw) if look.digits >= 10 else ():
        if _begins(raw, start) and _ends(raw, end):
            text = raw[start:end]
            if b" " not in text or b"-" in text or not _in_a_row(raw, start, end):
                yield start, end
    if look.digits >= 9 and b"0" in raw:
        yield from _trunks(raw)


def _internationals(raw: bytes) -> Iterator[Span]:
    for start, end in _INTERNATIONAL.spans(raw):
        if end - start < 9 or raw[max(0, start - 1) : start].isalnum() or _DECIMAL.whole(raw[start:end]):
            continue
        stop, digits = 0, 0
        for first, last in digit_groups(raw, start + 1, end):
            digits += last - first
            if digits > 15:
                break
            stop = last if digits >= 8 else 0
        if stop and (stop != end or not _runs_on(raw, stop)):
            yield start, stop


def _trunks(raw: bytes) -> Iterator[Span]:
    for begin, end in _TRUNK.spans(raw):
        if _QUAD.whole(raw[begin:end]):
            continue
        groups = digit_groups(raw, begin, end)
        done = 0
        for index, (first, _) in enumerate(groups[:-1]):
            start = begin if index == 0 else first
            # Behind a space a number of its own may begin.
            if start < done or not (index == 0 or raw[first - 1 : first + 1] == b" 0") or not _begins(raw, start):
                continue
            stop = _trunk_end(raw, groups[index:])
            if stop and (stop != end or _ends(raw, stop)):
                done = stop
                yield start, stop


def _trunk_end(raw: bytes, groups: list[Span]) -> int:
    """Where the longest number that begins with the first of some groups of digits ends; 0 where there is none."""
    start, after_area = groups[0]
    digits = after_area - start
    most = 17 if raw[start : start + 2] == b"00" else 12
    pairs = digits == 2 and groups[1][1] - groups[1][0] == 2
    area = raw[after_area : groups[1][0]]
    stop, separator = 0, b""
    for index, (first, last) in enumerate(groups[1:], 1):
        between = raw[groups[index - 1][1] : first]
        digits += last - first
        if digits > most or (pairs and last - first != 2):
            break
        if index == 2:
            # 01-02 2024 is no number, 01 02-2024 may be one.
            if area in {b"-", b"."} and between == b" ":
                break
            separator = between
        elif index > 2 and between != separator:
            break
        if digits >= 9:
            stop = last
    return stop


def _begins(raw: bytes, start: int) -> bool:
    """Whether a national number at a place would be no part of a longer run of letters, digits and signs."""
    before = raw[max(0, start - 2) : start]
    last = before[-1:]
    if last.isalnum() or last in {b"_", b"+"} or (last == b"-" and before[:1].isalnum()):
        return False
    joined = last in {b".", b"/", b":"} and before[:1].isdigit()
    return not joined or raw[max(0, start - 7) : start] == b"sha256:"


def _ends(raw: bytes, end: int) -> bool:
    after = raw[end : end + 2]
    return not (_runs_on(raw, end) or (after[:1] in {b".", b"-", b"/", b":"} and after[1:].isdigit()))


def _in_a_row(raw: bytes, start: int, end: int) -> bool:
    """Whether further digits stand behind a space on either side."""
    before, after = raw[max(0, start - 2) : start], raw[end : end + 2]
    return (before[-1:] == b" " and before[:1].isdigit()) or (after[:1] == b" " and after[1:].isdigit())


def _runs_on(raw: bytes, end: int) -> bool:
    """Whether letters, digits or _ follow that are no extension."""
    after = raw[end : end + 3].lower()
    if not (after[:1].isalnum() or after[:1] == b"_"):
        return False
    return after != b"ext" and not (after[:1] == b"x" and after[1:2].isdigit())
