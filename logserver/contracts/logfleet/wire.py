"""The JSON of the LogFleet contract that all its nouns share: refusals, people and lists."""

from typing import Annotated, Any, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

T = TypeVar("T")

NewPassword: TypeAlias = Annotated[
    str,
    Meta(
        min_length=10,
        max_length=1_024,
        description="At least 10 characters and at most 1,024 bytes, neither among the commonest passwords nor made of"
        " the person's own name or address.",
    ),
]


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


class Registration(msgspec.Struct):
    """Who wants to register."""

    email: Annotated[str, Meta(max_length=254)]
    password: NewPassword
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    organization_name: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET
    """What to call the organization; needed of the first user, whose organization the later ones join."""
    setup_token: str | UnsetType = UNSET
    """What the server printed when it started without users; needed of the first user on another machine.
    The header X-Setup-Token does as well."""


class Login(msgspec.Struct):
    """An e-mail address and a password."""

    email: str
    password: str


class SignedIn(msgspec.Struct):
    """A new session."""

    token: str
    """Sent as `Authorization: Bearer`."""
    expires_in: int
    """Seconds."""
    user: User
    organization: Organization


class Forgotten(msgspec.Struct):
    """Whose password was forgotten."""

    email: str


class Noted(msgspec.Struct):
    """The same whether or not there is such a user."""

    message: str


class Reset(msgspec.Struct):
    """A new password, with the token of a link."""

    token: str
    new_password: NewPassword


class Change(msgspec.Struct):
    """A new password, with the current one."""

    current_password: str
    new_password: NewPassword
