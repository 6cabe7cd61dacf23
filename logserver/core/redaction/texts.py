"""What the rules of a policy find in one text, and the text without it."""

from bisect import bisect_right
from collections.abc import Sequence

from logserver.core.redaction import behaviors, patterns
from logserver.core.redaction.behaviors import BEHAVIORS, REDACTED
from logserver.core.redaction.builtin import BY_ID
from logserver.core.redaction.patterns import Look, Span
from logserver.core.redaction.rules import Rule

Found = tuple[int, int, int]
"""Start and end in UTF-8 bytes, and the index of the rule."""

_PASSES = 4
_MOST_FOUND = 1_000
"""Matches of a rule in a text; one with more goes as a whole, so that nobody makes much work with few bytes."""

_MOST_SEARCHED = 16_000_000
"""Bytes that may be looked at again for further matches of a pattern, each of which may look to the text's end."""

_RESULT_STARTS = frozenset(b"[*s")


def encoded(text: str) -> bytes:
    """A text as the patterns see it; half a surrogate pair, which no valid JSON has, is three bytes."""
    return text.encode("utf-8", "surrogatepass")


class Texts:
    """Takes out of texts what rules that are on match; the rest of a text stays as it is.

    All matches in a text are found first; where those of several rules overlap, the whole of them goes at once, by
    the strictest behaviour. That is repeated until nothing is found any more, so that doing it again changes
    nothing; a text that does not come to rest goes as a whole. Built-in rules look everywhere. What looks like the
    result of a behaviour is not looked into by patterns of users, who would find ``REDACTED`` and digits there.
    """

    def __init__(self, rules: Sequence[Rule], secret: bytes) -> None:
        self._rules = rules
        self._secret = secret
        self._strictness = [BEHAVIORS.index(rule.behavior) for rule in rules]
        self._builtins = [
            (index, BY_ID[rule.id].may, BY_ID[rule.id].find)
            for index, rule in enumerate(rules)
            if rule.type == "builtin"
        ]
        self._customs = [
            (index, patterns.custom(rule.pattern or ""), rule.behavior == "mask")
            for index, rule in enumerate(rules)
            if rule.type == "pattern"
        ]
        in_use = {rule.behavior for rule in rules}
        self._tokens = {key: behaviors.tokens(in_use, key=key) for key in (False, True)}

    def clean(self, text: str, hint: bytes = b"", *, key: bool = False) -> tuple[str, list[int]]:
        """A text without what the rules find, and their indexes; the same text and none where they find nothing.

        ``hint`` is what Builtin.find takes; ``key`` tells that the text is itself the key of an object.
        """
        raw, rules = encoded(text), []
        for _ in range(_PASSES):
            found = self._find(raw, hint, key=key)
            if not found:
                break
            rules += [index for _, _, index in found]
            raw = self._without(raw, found)
        else:
            raw = REDACTED.encode()
        return (raw.decode("utf-8", "surrogatepass"), list(dict.fromkeys(rules))) if rules else (text, rules)

    def number(self, digits: str, hint: bytes = b"") -> tuple[str, list[int]]:
        """What becomes of a number: where a rule finds something in its digits, all of them go."""
        found = self._find(encoded(digits), hint, key=False)
        if not found:
            return digits, []
        rules = list(dict.fromkeys(index for _, _, index in found))
        whole = any(start == 0 and end == len(digits) for start, end, _ in found)
        return self._settled(self._result(self._strictest(rules), digits, exact=whole)), rules

    def field(self, text: str, rules: Sequence[int]) -> str:
        """A whole text by the strictest of some rules; the same text if it is its behaviour's result."""
        index, raw = self._strictest(rules), encoded(text)
        if behaviors.is_result(raw, self._rules[index].behavior) and not self._find(raw, b"", key=False):
            return text
        return self._settled(self._result(index, text, exact=False))

    def hashed(self, text: str) -> str:
        """The keyed hash of a whole text; the same text if it is one."""
        if behaviors.is_result(encoded(text), "hash") and not self._guarded(text):
            return text
        return behaviors.keyed_hash(self._secret, text, self._guarded)

    def _settled(self, result: str) -> str:
        return REDACTED if self._find(encoded(result), b"", key=False) else result

    def _strictest(self, rules: Sequence[int]) -> int:
        return min(rules, key=lambda index: (self._strictness[index], index))

    def _find(self, raw: bytes, hint: bytes, *, key: bool) -> list[Found]:
        """All that the rules match, in the order of the text."""
        found: list[Found] = []
        look = Look.at(raw)
        for index, may, find in self._builtins:
            if not may(look):
                continue
            for n, (start, end) in enumerate(find(look, hint)):
                if n >= _MOST_FOUND:
                    found.append((0, len(raw), index))
                    break
                # The result of a token's own rule is a token too, because nearly anything may be one.
                if raw[start] not in _RESULT_STARTS or not behaviors.is_result(
                    raw[start:end], self._rules[index].behavior
                ):
                    found.append((start, end, index))
        if self._customs:
            self._find_custom(raw, found, key=key)
        found.sort()
        return found

    def _find_custom(self, raw: bytes, found: list[Found], *, key: bool) -> None:
        most = max(_MOST_FOUND // 4, min(_MOST_FOUND, _MOST_SEARCHED // (len(raw) + 1)))
        results: list[Span] | None = None
        for index, pattern, masks in self._customs:
            for n, (start, end) in enumerate(pattern.spans(raw)):
                if n >= most:
                    found.append((0, len(raw), index))
                    break
                if start == end:
                    continue
                if results is None:
                    results = list(self._tokens[key].spans(raw))
                if _within(results, start, end) or (masks and _is_masked(raw[start:end])):
                    continue
                found.append((*_characters(raw, start, end), index))

    def _without(self, raw: bytes, found: list[Found]) -> bytes:
        pieces: list[bytes] = []
        done = 0
        for start, end, members in _united(found):
            text = raw[start:end].decode("utf-8", "surrogatepass")
            rule = self._strictest([index for _, _, index in members])
            result = self._result(rule, text, exact=(start, end, rule) in members)
            pieces += (raw[done:start], encoded(result))
            done = end
        pieces.append(raw[done:])
        return b"".join(pieces)

    def _result(self, index: int, text: str, *, exact: bool) -> str:
        """A text by the behaviour of a rule; ``exact``: it is what the rule matched, not more."""
        rule = self._rules[index]
        if rule.behavior == "hash":
            return behaviors.keyed_hash(self._secret, text, self._guarded)
        return behaviors.mask(text, rule.id if exact else "") if rule.behavior == "mask" else REDACTED

    def _guarded(self, text: str) -> bool:
        """Whether a built-in rule matches a text that was made here."""
        raw = encoded(text)
        look = Look.at(raw)
        return any(True for _, may, find in self._builtins if may(look) for _ in find(look, b""))


def _united(found: list[Found]) -> list[tuple[int, int, list[Found]]]:
    """Sorted matches with those that overlap as one: start, end, and the matches."""
    united: list[tuple[int, int, list[Found]]] = []
    for match in found:
        if united and match[0] < united[-1][1]:
            first, last, members = united[-1]
            members.append(match)
            united[-1] = (first, max(last, match[1]), members)
        else:
            united.append((match[0], match[1], [match]))
    return united


def _within(results: list[Span], start: int, end: int) -> bool:
    place = bisect_right(results, (start, 1 << 62)) - 1
    return place >= 0 and end <= results[place][1]


def _is_masked(raw: bytes) -> bool:
    text = raw.decode("utf-8", "replace")
    return behaviors.mask(text) == text


def _characters(raw: bytes, start: int, end: int) -> Span:
    r"""A span that begins and ends between characters, where ``\C`` matched a part of one."""
    while start and raw[start] & 0xC0 == 0x80:
        start -= 1
    while end < len(raw) and raw[end] & 0xC0 == 0x80:
        end += 1
    return start, end
