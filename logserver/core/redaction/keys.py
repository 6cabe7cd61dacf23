"""What opens doors: JSON web tokens, bearer tokens, keys of AWS."""

import base64
import binascii
from collections.abc import Iterator

import msgspec

from logserver.core.redaction.patterns import Look, Span, builtin

_JWT = builtin(rb"(eyJ[A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)?")
_JWT_HEADER = 8_192
_JWT_STARTS = 16
JWT_HINT = rb"eyJ"


def jwts(look: Look, _hint: bytes) -> Iterator[Span]:
    """JSON web tokens in compact form (RFC 7515, section 3.1; encrypted ones of five parts, RFC 7516, section 3.1).

    The first part is a JSON object in base64url, which begins ``eyJ`` because the object begins ``{"``. A token that
    other letters precede is found as well; a header too long to be looked into counts as one.
    """
    raw, position = look.raw, 0
    while span := _JWT.first(raw, position):
        header = _JWT.first(raw, span[0], 1) or span
        if _is_header(raw[header[0] : header[1]]):
            yield span
            position = span[1]
        else:
            position = header[1]


def _is_header(text: bytes) -> bool:
    if len(text) > _JWT_HEADER or text.count(b"eyJ") > _JWT_STARTS:
        return True
    start = 0
    while start >= 0:
        part = text[start:]
        try:
            if isinstance(msgspec.json.decode(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))), dict):
                return True
        except (binascii.Error, msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            pass
        start = text.find(b"eyJ", start + 1)
    return False


_BEARER = builtin(rb"(?i:bearer(?:[ _-]?token)?)(?:[ \t\r\n:=+]|%20)+\\?[\"']?(?:\[REDACTED\])*")
_BEARER_SIGNS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~+/=:|%!*@$^#-"
_BEARER_ENDS = bytes(code if code in _BEARER_SIGNS else 32 for code in range(256))
_BEARER_END = builtin(rb"[^A-Za-z0-9._~+/=:|%!*@$^#-]")
_BEARER_WORD = 40
_AUTHORIZATION = builtin(rb"(?i:authorization)[\"'\\]*[ \t]*[:=][ \t]*[\"'\\]*$")
_AUTHORIZATION_KEY = builtin(rb"(?i:authorization)")
_NO_TOKENS = frozenset({b"token", b"tokens", b"auth", b"authentication", b"authorization", b"scheme", b"realm"})
BEARER_HINT = rb"(?i:bearer)"


def bearer_tokens(look: Look, hint: bytes) -> Iterator[Span]:
    """What follows the word Bearer and is a token (RFC 6750, section 2.1, with more signs than its b64token has).

    Anything, where an Authorization header names it or the text is nothing else; in prose ("the bearer of news")
    what does not look like a word: 8 characters with a digit, 16 of both cases, 20 of letters only, or above 40.
    """
    raw, done = look.raw, 0
    for first, start in _BEARER.spans(raw):
        if start < done or raw[max(0, first - 1) : first].isalnum():
            continue
        token = raw[start : start + _BEARER_WORD + 1].translate(_BEARER_ENDS).partition(b" ")[0]
        if len(token) > _BEARER_WORD:
            stop = _BEARER_END.first(raw, start)
            done = stop[0] if stop else len(raw)
            yield start, done
            continue
        token = token.rstrip(b".!:?")
        if not token or token.lower() in _NO_TOKENS:
            continue
        done = start + len(token)
        if (
            _looks_random(token)
            or _is_alone(raw, first, done)
            or _AUTHORIZATION.found(raw[max(0, first - 40) : first])
            or (hint and _AUTHORIZATION_KEY.found(hint))
        ):
            yield start, done


def _is_alone(raw: bytes, start: int, end: int) -> bool:
    """Whether nothing stands beside a part of a text, but for some signs."""
    if len(raw) - (end - start) > 16:
        return False
    return not (raw[:start] + raw[end:]).strip(b" \t\r\n.!:?\"'")


def _looks_random(token: bytes) -> bool:
    size = len(token)
    return (
        (size >= 8 and any(48 <= code < 58 for code in token))
        or (size >= 16 and token[1:].lower() != token[1:] and token.upper() != token)
        or (size >= 20 and token.isalpha())
    )


AWS_PREFIXES = (b"AKIA", b"ASIA", b"ABIA", b"ACCA")
_AWS_ID = builtin(rb"(?:%b)[A-Z0-9]{16}" % b"|".join(AWS_PREFIXES))
_AWS_SECRET = builtin(rb"[A-Za-z0-9/+]{40,}")
_AWS_NAME = builtin(rb"(?i:aws|secret[ _.-]?(?:access[ _.-]?)?key|secret[ _.-]?access)")
_AWS_BEFORE = 64
_HEX = builtin(rb"[0-9a-f]+|[0-9A-F]+")
AWS_HINT = rb"(?:%b)[A-Z0-9]{16}|(?i:aws|secret)" % b"|".join(AWS_PREFIXES)


def may_be_aws(look: Look) -> bool:
    """Whether a text is long enough for a secret or has what an id begins with."""
    raw = look.raw
    if len(raw) < 20:
        return False
    return len(raw) >= 40 or b"AKIA" in raw or b"ASIA" in raw or b"ABIA" in raw or b"ACCA" in raw


def aws_keys(look: Look, hint: bytes) -> Iterator[Span]:
    """Access key ids of AWS, and secret access keys where something says that they are.

    The prefixes are those of keys among the unique ids of the IAM User Guide ("IAM identifiers"), 20 characters in
    all. A secret is 40 characters of base64 that are not hexadecimal only (the guide's and git-secrets' pattern), with
    an access key id in the same text, or AWS or a secret key named by the key or up to 64 bytes before.
    """
    raw, identified = look.raw, False
    for start, end in _AWS_ID.spans(raw):
        if not (_capital(raw[max(0, start - 1) : start]) or _capital(raw[end : end + 1])):
            identified = True
            yield start, end
    for start, end in _AWS_SECRET.spans(raw) if len(raw) >= 40 else ():
        if end - start != 40 or raw[end : end + 1] == b"=" or _HEX.whole(raw[start:end]):
            continue
        if identified or _AWS_NAME.found(hint) or _AWS_NAME.found(raw[max(0, start - _AWS_BEFORE) : start]):
            yield start, end


def _capital(byte: bytes) -> bool:
    return byte.isdigit() or byte.isupper()
