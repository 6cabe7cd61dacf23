"""Rules and policies as the tests want them, without a store."""

import base64
import json

from logserver.core.redaction.behaviors import Behavior
from logserver.core.redaction.builtin import BUILTINS, PREFIX
from logserver.core.redaction.engine import Policy
from logserver.core.redaction.rules import Rule

SECRET = b"a secret of the tests"


def builtin(name: str, behavior: Behavior = "replace") -> Rule:
    return Rule(PREFIX + name, "builtin", name, None, (), behavior, enabled=True, created_at=None)


def pattern(text: str, behavior: Behavior = "replace", rule_id: str = "custom") -> Rule:
    return Rule(rule_id, "pattern", "custom", text, (), behavior, enabled=True, created_at=1)


def field(*paths: str, behavior: Behavior = "replace", rule_id: str = "field") -> Rule:
    return Rule(rule_id, "field_redact", "field", None, paths, behavior, enabled=True, created_at=1)


def policy(*rules: Rule) -> Policy:
    return Policy(rules, SECRET)


def everything(behavior: Behavior = "replace", *more: Rule) -> Policy:
    """All built-in rules with one behaviour, and more rules."""
    return policy(*(builtin(each.name, behavior) for each in BUILTINS), *more)


def jwt(payload: str = "eyJzdWIiOiI0MiJ9", signature: str = "c2lnbmF0dXJl", **header: object) -> str:
    encoded = base64.urlsafe_b64encode(json.dumps(header or {"alg": "HS256", "typ": "JWT"}).encode())
    return f"{encoded.decode().rstrip('=')}.{payload}.{signature}"


def luhn_digit(digits: str) -> str:
    """The digit that makes a number pass the check."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)
