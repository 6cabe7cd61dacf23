"""Addresses of people and machines: e-mail and IPv4."""

from collections.abc import Iterator

from logserver.core.redaction.patterns import Look, Pattern, Span, builtin

_LETTERS = r"\p{Latin}\p{Greek}\p{Cyrillic}"
_EMAIL = Pattern(
    rf"[{_LETTERS}0-9._%+~!$^*-]+@((?:[{_LETTERS}0-9-]+\.)+(?:xn--[a-z0-9-]+|[{_LETTERS}]{{2,}}))".encode()
)
_NO_MAIL_HOST = builtin(rb"[0-9.]+x\.[a-z]{3,4}|(?:[0-9]+\.){3,}.*")
EMAIL_HINT = rb"@"


def emails(look: Look, _hint: bytes) -> Iterator[Span]:
    """Addresses as RFC 5321 has them unquoted, and RFC 6531 in the Latin, Greek and Cyrillic scripts.

    Of the local part's signs only those that are not also written before an address (``mail=``, ``'``, ``/``). The
    last label is letters (RFC 3696, section 2). No images for dense displays (``icon@2x.png``), no versions
    (``thing@1.2.3.beta``), no ``git@host:path``.
    """
    raw = look.raw
    for start, end in _EMAIL.spans(raw):
        local, _, host = raw[start:end].partition(b"@")
        if not (_NO_MAIL_HOST.whole(host) or (local == b"git" and raw[end : end + 1] == b":")):
            yield start, end


_DOTTED = builtin(rb"[0-9]+(?:\.[0-9]+)+")
_PRODUCT = builtin(rb"(?:^|[ (;,])[A-Z][A-Za-z]*/$")
_VERSION = builtin(rb"(?i:version|release|build|ver)[ \"':=v]{0,4}$")
_VERSION_KEY = builtin(rb"(?i:version|release|build)")
IPV4_HINT = rb"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]"


def ipv4s(look: Look, hint: bytes) -> Iterator[Span]:
    """Four numbers up to 255 with dots between (RFC 791; the dotted form of RFC 1123, section 2.1).

    No part of a longer dotted number, none that letters touch (``v1.2.3.4``), none behind a product's name and slash
    (RFC 9110, section 10.1.5) or the word version, and none that is all a key named version says.
    """
    raw = look.raw
    for start, end in _DOTTED.spans(raw):
        parts = raw[start:end].split(b".")
        if len(parts) != 4 or any(len(part) > 3 or int(part) > 255 for part in parts):
            continue
        if raw[max(0, start - 1) : start].isalpha() or raw[end : end + 1].isalpha():
            continue
        before = raw[max(0, start - 40) : start]
        if _PRODUCT.found(before) or _VERSION.found(before):
            continue
        if len(raw) > 64 or raw.strip() != raw[start:end] or not _VERSION_KEY.found(hint.partition(b"\n")[0]):
            yield start, end
