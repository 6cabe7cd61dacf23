"""Addresses of people and machines: e-mail, telephone, IPv4."""

from collections.abc import Iterator

from logserver.core.redaction.patterns import Pattern, Span, builtin

_LETTERS = r"\p{Latin}\p{Greek}\p{Cyrillic}"
_EMAIL = Pattern(
    rf"[{_LETTERS}0-9._%+~!$^*-]+@((?:[{_LETTERS}0-9-]+\.)+(?:xn--[a-z0-9-]+|[{_LETTERS}]{{2,}}))".encode()
)
_NO_MAIL_HOST = builtin(rb"[0-9.]+x\.[a-z]{3,4}|(?:[0-9]+\.){3,}.*")
EMAIL_HINT = rb"@"


def emails(raw: bytes, _hint: bytes) -> Iterator[Span]:
    """Addresses as RFC 5321 has them unquoted, and RFC 6531 in the Latin, Greek and Cyrillic scripts.

    Of the local part's signs only those that are not also written before an address (``mail=``, ``'``, ``/``). The
    last label is letters (RFC 3696, section 2). No images for dense displays (``icon@2x.png``), no versions
    (``thing@1.2.3.beta``), no ``git@host:path``.
    """
    for start, end in _EMAIL.spans(raw):
        local, _, host = raw[start:end].partition(b"@")
        if not (_NO_MAIL_HOST.whole(host) or (local == b"git" and raw[end : end + 1] == b":")):
            yield start, end


_INTERNATIONAL = builtin(rb"\+[1-9](?:[ ./()-]{0,3}[0-9])*")
_DECIMAL = builtin(rb"\+[0-9]{4,}\.[0-9]+|\+[0-9]+\.[0-9]{1,5}")
_NORTH_AMERICAN = builtin(
    rb"(?:1[ .-])?(?:\([2-9][0-9]{2}\)[ .-]?[0-9]{3}[ .-]?[0-9]{4}|[2-9][0-9]{2}[ .-][0-9]{3}[ .-][0-9]{4})"
)
_TRUNK = builtin(
    rb"(?:\(0[1-9][0-9]{0,4}\)|0[1-9][0-9]{0,4}|00[1-9][0-9]{0,2})(?:[ /.-][0-9]{2,8}|[ ][/-][ ][0-9]{2,8}){1,6}"
)
_QUAD = builtin(rb"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_GROUP = builtin(rb"[0-9]+")
_BEFORE = rb"(?:^|[^0-9A-Za-z_+.:/-]|[^0-9A-Za-z]-|[^0-9][.:/]|sha256:|\\[bfnrt]|\\u00[01][0-9a-f])"
PHONE_HINT = (
    rb"\+[1-9](?:[ ./()-]{0,3}[0-9]){7}"
    rb"|[2-9][0-9]{2}(?:\)[ .-]?[0-9]{3}[ .-]?|[ .-][0-9]{3}[ .-])[0-9]{4}"
    rb"|%b\(?0[0-9]{1,4}\)?[ ./-]{1,3}[0-9](?:[ ./-]{0,3}[0-9]){3}" % _BEFORE
)


def phones(raw: bytes, _hint: bytes) -> Iterator[Span]:
    """Telephone numbers that are written as such; a long number alone is none.

    Those with + and 8 to 15 digits (ITU-T E.164); the North American plan's, area code from 200, with separators or
    the code in parentheses; those with a trunk 0 or the prefix 00 whose groups are apart (ITU-T E.123, section 2).
    """
    yield from _internationals(raw)
    for start, end in _NORTH_AMERICAN.spans(raw):
        if _stands_alone(raw, start, end, spaced=b" " in raw[start:end] and b"-" not in raw[start:end]):
            yield start, end
    yield from _trunks(raw)


def _trunks(raw: bytes) -> Iterator[Span]:
    position = 0
    while span := _TRUNK.first(raw, position):
        start, end = span
        stop = _trunk_end(raw, start, end)
        if stop and _stands_alone(raw, start, stop, spaced=False, further=stop != end):
            yield start, stop
            position = stop
        else:
            # What follows may be a number of its own.
            first = _GROUP.first(raw, start)
            position = first[1] if first else end


def _internationals(raw: bytes) -> Iterator[Span]:
    for start, end in _INTERNATIONAL.spans(raw):
        if raw[max(0, start - 1) : start].isalnum() or _DECIMAL.whole(raw[start:end]):
            continue
        stop, digits = 0, 0
        for first, last in _GROUP.spans(raw[start:end]):
            digits += last - first
            if digits > 15:
                break
            stop = start + last if digits >= 8 else 0
        if stop and (stop != end or not _runs_on(raw, stop)):
            yield start, stop


def _trunk_end(raw: bytes, start: int, end: int) -> int:
    """Where the longest number that begins like one with a trunk prefix ends; 0 where there is none."""
    groups = list(_GROUP.spans(raw[start:end]))
    most = 17 if raw[start : start + 2] == b"00" else 12
    if _QUAD.whole(raw[start:end]):
        return 0
    stop, digits, separator = 0, groups[0][1] - groups[0][0], b""
    pairs = digits == groups[1][1] - groups[1][0] == 2
    for index, (first, last) in enumerate(groups[1:], 1):
        between = raw[start + groups[index - 1][1] : start + first]
        digits += last - first
        if digits > most or (index > 2 and between != separator) or (pairs and last - first != 2):
            break
        if index > 1:
            separator = between
        if index == 2 and raw[start + groups[0][1] : start + groups[1][0]] in {b"-", b"."} and between == b" ":
            break
        if digits >= 9:
            stop = start + last
    return stop


def _stands_alone(raw: bytes, start: int, end: int, *, spaced: bool, further: bool = False) -> bool:
    """Whether a national number is no part of a longer run of letters, digits and signs."""
    before, after = raw[max(0, start - 2) : start], raw[end : end + 2]
    last = before[-1:]
    if last.isalnum() or last in {b"_", b"+"} or (last == b"-" and before[:1].isalnum()):
        return False
    if last in {b".", b"/", b":"} and before[:1].isdigit() and raw[max(0, start - 7) : start] != b"sha256:":
        return False
    if spaced and ((last == b" " and before[:1].isdigit()) or (after[:1] == b" " and after[1:].isdigit())):
        return False
    return further or not (_runs_on(raw, end) or (after[:1] in {b".", b"-", b"/", b":"} and after[1:].isdigit()))


def _runs_on(raw: bytes, end: int) -> bool:
    """Whether letters, digits or _ follow that are no extension."""
    after = raw[end : end + 3].lower()
    return (
        (after[:1].isalnum() or after[:1] == b"_")
        and not (after[:1] == b"x" and after[1:2].isdigit())
        and (after != b"ext")
    )


_DOTTED = builtin(rb"[0-9]+(?:\.[0-9]+)+")
_PRODUCT = builtin(rb"(?:^|[ (;,])[A-Z][A-Za-z]*/$")
_VERSION = builtin(rb"(?i:version|release|build|ver)[ \"':=v]{0,4}$")
_VERSION_KEY = builtin(rb"(?i:version|release|build)")
IPV4_HINT = rb"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]"


def ipv4s(raw: bytes, hint: bytes) -> Iterator[Span]:
    """Four numbers up to 255 with dots between (RFC 791; the dotted form of RFC 1123, section 2.1).

    No part of a longer dotted number, none that letters touch (``v1.2.3.4``), none behind a product's name and slash
    (RFC 9110, section 10.1.5) or the word version, and none that is all a key named version says.
    """
    for start, end in _DOTTED.spans(raw):
        parts = raw[start:end].split(b".")
        if len(parts) != 4 or any(len(part) > 3 or int(part) > 255 for part in parts):
            continue
        if raw[max(0, start - 1) : start].isalpha() or raw[end : end + 1].isalpha():
            continue
        before = raw[max(0, start - 40) : start]
        if _PRODUCT.found(before) or _VERSION.found(before):
            continue
        if raw.strip() != raw[start:end] or not _VERSION_KEY.found(hint.partition(b"\n")[0]):
            yield start, end
