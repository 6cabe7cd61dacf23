"""The eight built-in rules: their names, whether they are on unless told otherwise, and what finds a match."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from logserver.core.redaction import cards, contacts, keys, phones
from logserver.core.redaction.patterns import Look, Span

PREFIX = "builtin_"


class Builtin(NamedTuple):
    """A built-in rule."""

    name: str
    find: Callable[[Look, bytes], Iterator[Span]]
    """Where it matches in a text; the second are the names of the key it stands under, a line each.

    The first line is the key as it will be stored, the second as it was sent where that differs.
    """
    hint: bytes
    """An expression over bytes without which it cannot match: it finds something in the text or its key.

    Also in the JSON of a value, where control characters, quotes and backslashes are escaped.
    """
    may: Callable[[Look], bool]
    """Whether it can match in a text at all, at a glance."""
    on: bool
    """Whether it is on where nobody has said."""

    @property
    def id(self) -> str:
        """The rule's public id, the same in every project."""
        return PREFIX + self.name


BUILTINS = (
    Builtin("credit_card", cards.cards, cards.CARD_HINT, lambda look: look.digits >= 13, on=True),
    Builtin("ssn", cards.ssns, cards.SSN_HINT, lambda look: look.digits >= 9, on=True),
    Builtin("email", contacts.emails, contacts.EMAIL_HINT, lambda look: b"@" in look.raw, on=False),
    Builtin("phone", phones.phones, phones.PHONE_HINT, lambda look: look.digits >= 8, on=False),
    Builtin("ipv4", contacts.ipv4s, contacts.IPV4_HINT, lambda look: look.raw.count(b".") >= 3, on=False),
    Builtin("jwt", keys.jwts, keys.JWT_HINT, lambda look: b"eyJ" in look.raw, on=True),
    Builtin("bearer_token", keys.bearer_tokens, keys.BEARER_HINT, lambda look: b"bearer" in look.lower, on=True),
    Builtin("aws_key", keys.aws_keys, keys.AWS_HINT, keys.may_be_aws, on=True),
)
"""In the order in which they are listed."""

BY_ID = {each.id: each for each in BUILTINS}
