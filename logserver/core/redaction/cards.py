"""Payment cards and US social security numbers, told from other long numbers."""

from collections.abc import Iterator

from logserver.core.redaction.patterns import Look, Span, builtin, digit_groups

# A space or hyphen as typed, or as typesetting has it: U+00A0 and U+2010 to U+2015.
_BETWEEN = rb"(?:[ -]|\xc2\xa0|\xe2\x80[\x90-\x95])"

_CARD_RUN = builtin(rb"[0-9](?:%b?[0-9]){12,}" % _BETWEEN)
_DOUBLED = [sum(divmod(2 * (code - 48), 10)) if 48 <= code < 58 else 0 for code in range(256)]
_ALPHANUMERIC = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_HEX_TOKEN = builtin(rb"[0-9]*[a-f][0-9a-f]*|[0-9]*[A-F][0-9A-F]*")
_UUID = builtin(rb"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_DIGEST_LENGTHS = frozenset({24, 32, 40, 48, 56, 64, 96, 128})

_ISSUED: dict[bytes, frozenset[int]] = {
    b"%d" % prefix: frozenset(lengths)
    for low, high, lengths in (
        (2200, 2204, range(16, 20)),  # Mir
        (2205, 2205, (16,)),  # Borica
        (2221, 2720, (16,)),  # Mastercard
        (3000, 3059, range(14, 20)),  # Diners Club
        (3095, 3095, range(14, 20)),
        (3400, 3499, (15,)),  # American Express
        (3528, 3589, range(16, 20)),  # JCB
        (3600, 3699, range(14, 20)),  # Diners Club
        (3700, 3799, (15,)),  # American Express
        (3800, 3999, range(14, 20)),  # Diners Club
        (4000, 4999, (13, 16, 18, 19)),  # Visa
        (5000, 5099, range(13, 20)),  # Maestro, Verve, Dankort
        (5100, 5599, (16,)),  # Mastercard
        (5600, 5899, range(13, 20)),  # Maestro
        (6000, 6099, range(16, 20)),  # Discover, RuPay
        (6200, 6299, range(16, 20)),  # UnionPay
        (6300, 6399, range(13, 20)),  # Maestro, InstaPayment, InterPayment
        (6400, 6599, range(16, 20)),  # Discover, RuPay, Troy, Verve
        (6700, 6799, range(13, 20)),  # Maestro
        (8100, 8299, range(16, 20)),  # UnionPay, RuPay
        (8600, 8600, (16,)),  # Uzcard
        (9704, 9704, (16, 19)),  # Napas
        (9792, 9792, (16,)),  # Troy
        (9860, 9860, (16,)),  # Humo
    )
    for prefix in range(low, high + 1)
}
"""Lengths by the first four digits, for the schemes in use: ISO/IEC 7812 as the issuers publish their ranges.

None begins with 0 or 1, as times in milliseconds, microseconds and nanoseconds do until 2033.
"""

# The number begins a group of digits; in JSON also one behind an escaped control character.
CARD_HINT = rb"(?:^|[^0-9]|\\u00[01][0-9a-f])[2-689](?:%b?[0-9]){12}|(?:^|[:\[,])[-0-9.]+e\+?1[2-9]" % _BETWEEN


def cards(look: Look, _hint: bytes) -> Iterator[Span]:
    """Numbers of 13 to 19 digits that pass the Luhn check (ISO/IEC 7812-1, annex B) and that a scheme issues.

    Groups of digits are apart by one space or hyphen and have three digits or more, but for the last. The digits
    behind a decimal point, and those inside a hexadecimal digest or UUID, are none.
    """
    raw = look.raw
    for start, end in _CARD_RUN.spans(raw):
        groups = digit_groups(raw, start, end)
        for first, (begin, _) in enumerate(groups):
            digits = b""
            for index in range(first, len(groups)):
                group = groups[index]
                digits += raw[group[0] : min(group[1], group[0] + 20)]
                size = len(digits)
                if size > 19 or (size >= 4 and digits[:4] not in _ISSUED):
                    break
                if (
                    size >= 13
                    and size in _ISSUED[digits[:4]]
                    and luhn(digits)
                    and not _is_part(raw, begin, group[1], whole=index == first)
                ):
                    yield begin, group[1]
                if group[1] - group[0] < 3:
                    break


def luhn(digits: bytes) -> bool:
    """Whether the last of some ASCII digits is their check digit."""
    plain, doubled = digits[-1::-2], digits[-2::-2]
    return (sum(plain) - 48 * len(plain) + sum(_DOUBLED[code] for code in doubled)) % 10 == 0


def _is_part(raw: bytes, start: int, end: int, *, whole: bool) -> bool:
    """Whether digits belong to something longer that is no card; ``whole``: they stand in one group."""
    if whole and raw[max(0, start - 1) : start] == b"." and raw[max(0, start - 2) : start - 1].isdigit():
        return True
    low, high = start, end
    while low and start - low < 128 and (raw[low - 1] in _ALPHANUMERIC or raw[low - 1] == 45):
        low -= 1
    while high < len(raw) and high - end < 128 and (raw[high] in _ALPHANUMERIC or raw[high] == 45):
        high += 1
    around = raw[low:high]
    if b"-" in around:
        # What begins inside a UUID is of the UUID, also where digits behind it would make up a number.
        return any(low + a <= start < low + b and not _plain(around[a:b]) for a, b in _UUID.spans(around))
    return len(around) in _DIGEST_LENGTHS and _HEX_TOKEN.whole(around)


def _plain(uuid: bytes) -> bool:
    return uuid.replace(b"-", b"").isdigit()


_SSN = builtin(rb"[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{3}%b[0-9]{2}%b[0-9]{4}" % (_BETWEEN, _BETWEEN))
_SSN_NAME = rb"(?:(?:^|[^A-Za-z])(?i:ssn)|[a-z]S[Ss][Nn]|(?i:soc(?:ial)?[ _.-]{0,2}sec(?:urity)?))"
_SSN_NAMED = builtin(
    rb"%b(?i:[ _.-]{0,2}(?:number|num|no|nr|#))?[^0-9A-Za-z]{0,6}(?i:is|was)?[^0-9A-Za-z]{0,6}"
    rb"([0-9]{3}[ .-]?[0-9]{2}[ .-]?[0-9]{4})" % _SSN_NAME
)
_SSN_KEY = builtin(rb"%b(?:$|[^a-z])|(?i:ssn|security)[ _.-]?(?i:number|num|no)" % _SSN_NAME)
_SSN_VALUE = builtin(rb"\s*([0-9]{3}[ .-]?[0-9]{2}[ .-]?[0-9]{4})\s*")
SSN_HINT = rb"[0-9]{3}%b[0-9]{2}%b[0-9]{4}|(?i:ssn|soc.{0,5}sec)" % (_BETWEEN, _BETWEEN)


def ssns(look: Look, hint: bytes) -> Iterator[Span]:
    """US social security numbers: area, group and serial, none of zeros, area neither 666 nor 900 to 999.

    The Social Security Administration issues no others (POMS RM 10201.030 and 10201.035; numbers from 900 on are
    taxpayers' numbers of the IRS). With hyphens or spaces between the three; with none, or other ones, only where the
    text or its key names it. Groups with spaces that stand in a row with further numbers are none.
    """
    raw = look.raw
    for start, end in _SSN.spans(raw):
        spaced = raw[start + 3 : start + 4] == b" "
        if _alone(raw, start, end, spaced=spaced) and _is_ssn(raw[start:end]):
            yield start, end
    for start, end in _SSN_NAMED.spans(raw, 1) if b"ssn" in look.lower or b"soc" in look.lower else ():
        if not raw[end : end + 1].isdigit() and _is_ssn(raw[start:end]):
            yield start, end
    if look.digits == 9 and len(raw) <= 32 and _SSN_VALUE.whole(raw) and _SSN_KEY.found(hint):
        span = _SSN_VALUE.first(raw, 0, 1)
        if span and _is_ssn(raw[span[0] : span[1]]):
            yield span


def _is_ssn(number: bytes) -> bool:
    digits = bytes(code for code in number if 48 <= code < 58)
    return digits[:3] not in {b"000", b"666"} and digits[:1] != b"9" and digits[3:5] != b"00" and digits[5:] != b"0000"


def _alone(raw: bytes, start: int, end: int, *, spaced: bool) -> bool:
    """Whether neither a digit is beside it nor, where it has spaces, one behind another space."""
    before, after = raw[max(0, start - 2) : start], raw[end : end + 2]
    if before[-1:].isdigit() or after[:1].isdigit():
        return False
    return not spaced or not (
        (before[-1:] == b" " and before[:1].isdigit()) or (after[:1] == b" " and after[1:].isdigit())
    )
