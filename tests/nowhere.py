"""What must not be anywhere: secrets of every kind, all the spellings of one, and every byte that it could be in."""

import base64
import itertools
import json
import random
import re
import string
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, quote_plus

from logserver.store.connections import connect_readonly
from logserver.store.words import word
from tests.core.redaction.making import jwt, luhn_digit

DIGITS = 9
"""Digits alone are a spelling of what has so many; fewer of them stand in times and hashes by chance."""

_WORD = re.compile("[0-9a-z]{6,}")


class Secret(NamedTuple):
    """A text that a rule redacts, and what of it is the secret."""

    text: str
    core: str
    number: int | None = None
    """The same as a JSON number, where it is one."""

    def spellings(self) -> dict[str, bytes]:
        """The bytes it could be recognised by, by how they are made."""
        core = self.core
        raw = core.encode()
        digits = re.sub("[^0-9]", "", core)
        found = {
            "as it is": raw,
            "lower case": core.lower().encode(),
            "upper case": core.upper().encode(),
            "JSON": json.dumps(core, ensure_ascii=False)[1:-1].encode(),
            "JSON in ASCII": json.dumps(core)[1:-1].encode(),
            "JSON twice": json.dumps(json.dumps(core))[1:-1].encode(),
            "repr": repr(core)[1:-1].encode(),
            "escaped": core.encode("unicode_escape"),
            "URL": quote(core, safe="").encode(),
            "URL of a form": quote_plus(core).encode(),
            "base64": base64.b64encode(raw).rstrip(b"="),
            "base64url": base64.urlsafe_b64encode(raw).rstrip(b"="),
            "hex": raw.hex().encode(),
            "moved": moved(core),
        }
        if len(digits) >= DIGITS:
            found["digits"] = digits.encode()
        return {name: needle for needle, name in {needle: name for name, needle in found.items()}.items()}

    def words(self) -> set[str]:
        """The terms of the index that would tell of it: itself as a word, and the words of it that are long."""
        return {moved(self.core).decode().lower(), *_WORD.findall(self.core.lower())}


def moved(text: str) -> bytes:
    """How the index spells a text within a word (store/words.py)."""
    return word("k", text).partition("\ue0ff")[2].encode()


class Maker:
    """Makes secrets, no two alike, of every kind that a rule of the tests redacts."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - the same ones every time
        self._numbers = itertools.count(1)
        self.made: list[Secret] = []

    def every_kind(self) -> list[Secret]:
        """One of each, fresh."""
        return [getattr(self, name)() for name in KINDS]

    def _kept(self, text: str, core: str | None = None, number: int | None = None) -> Secret:
        self.made.append(Secret(text, core if core is not None else text, number))
        return self.made[-1]

    def _some(self, alphabet: str, length: int) -> str:
        return "".join(self._chance.choices(alphabet, k=length))

    def card(self) -> Secret:
        body = "4" + self._some(string.digits, 14)
        digits = body + luhn_digit(body)
        return self._kept(" ".join(digits[at : at + 4] for at in range(0, 16, 4)), number=int(digits))

    def ssn(self) -> Secret:
        return self._kept(f"{self._chance.randrange(100, 600)}-{self._chance.randrange(10, 99)}-{self._some('123', 4)}")

    def jwt(self) -> Secret:
        payload = base64.urlsafe_b64encode(json.dumps({"sub": self._some(string.ascii_letters, 9)}).encode())
        return self._kept(jwt(payload.decode().rstrip("="), self._some(string.ascii_letters, 24)))

    def bearer(self) -> Secret:
        token = self._some(string.ascii_letters, 14) + self._some(string.digits, 4)
        return self._kept(f"Bearer {token}", token)

    def aws(self) -> Secret:
        return self._kept("AKIA" + self._some(string.ascii_uppercase, 16))

    def email(self) -> Secret:
        return self._kept(f"{self._some(string.ascii_lowercase, 10)}@{self._some(string.ascii_lowercase, 9)}.test")

    def phone(self) -> Secret:
        return self._kept(f"+41446{self._some(string.digits, 6)}")

    def ipv4(self) -> Secret:
        return self._kept(f"198.51.{100 + next(self._numbers) % 99}.{self._chance.randrange(100, 255)}")

    def custom(self) -> Secret:
        """Found by the pattern EMPLOYEE."""
        return self._kept(f"EMP-{self._some(string.ascii_uppercase, 8)}")

    def veiled(self) -> Secret:
        """Found by nothing but its place; spelled differently in JSON, in a URL and in the index."""
        return self._kept(f'"{self._some(string.ascii_letters, 12)}" & Ünï\\code\n\t<{next(self._numbers)}>')


EMPLOYEE = r"EMP-[A-Z]{8}"
KINDS = ("card", "ssn", "jwt", "bearer", "aws", "email", "phone", "ipv4", "custom")


def files(folder: Path) -> list[tuple[str, bytes]]:
    """Every byte in a folder."""
    return [(f"file {path.name}", path.read_bytes()) for path in sorted(folder.rglob("*")) if path.is_file()]


def tables(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every value of every table, those of the full-text index among them.

    A value that lies on several pages of the file is whole only here.
    """
    with closing(connect_readonly(folder)) as connection:
        names = [
            name
            for name, sql in connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")
            if "VIRTUAL" not in sql.upper()
        ]
        for name in names:
            rows = connection.execute(f'SELECT * FROM "{name}"')
            yield f"table {name}", b"\n".join(_bytes(value) for row in rows for value in row)


def terms(folder: Path) -> set[str]:
    """Every term of the full-text index; its pages hold them compressed."""
    with closing(connect_readonly(folder)) as connection:
        # Only a temporary table is made; the file itself is open for reading alone.
        connection.execute("PRAGMA query_only = OFF")
        connection.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab('main', 'event_words', 'row')")
        return {str(term) for (term,) in connection.execute("SELECT term FROM temp.terms")}


def leaks(secret: Secret, places: list[tuple[str, bytes]], indexed: set[str]) -> list[str]:
    """Where a secret is, and in which spelling; ``indexed`` are the terms of the index."""
    spelled = moved(secret.core).decode().lower()
    told = [*(secret.words() & indexed), *(term for term in indexed if spelled in term)]
    return in_bytes(secret, places) + [f"{secret.core!r} as the term {term!r}" for term in told]


def in_bytes(secret: Secret, places: list[tuple[str, bytes]]) -> list[str]:
    """The same, but for the index."""
    return [
        f"{secret.core!r} {spelling} in {place}: {_around(held, needle)!r}"
        for spelling, needle in secret.spellings().items()
        for place, held in places
        if needle in held
    ]


def _around(held: bytes, needle: bytes) -> bytes:
    at = held.find(needle)
    return held[max(0, at - 80) : at + len(needle) + 40]


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
