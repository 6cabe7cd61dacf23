"""The JSON of the LogFleet contract that all its nouns share: refusals, people and lists."""

from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")


class Error(msgspec.Struct, omit_defaults=True):
    """A refusal."""

    error: str
    """A code for programs."""
    message: str
    details: dict[str, Any] | None = None
    """What is wrong with which field; of a version conflict, ``current_version``."""


class Page(msgspec.Struct, Generic[T]):
    """A part of a list."""

    items: list[T]
    total: int
    page: int
    page_size: int


class User(msgspec.Struct):
    """A person of the organization."""

    id: str
    email: str
    name: str
    role: str


class Organization(msgspec.Struct):
    """The organization of the server."""

    id: str
    name: str
    slug: str


class Me(msgspec.Struct):
    """Who is asking."""

    user: User
    organization: Organization
