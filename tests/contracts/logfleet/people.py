"""Somebody at the door of a server: registers, signs in, and asks who is who."""

from typing import Any

from httpx2 import Response

from logserver.core.people import accounts
from logserver.core.people.accounts import User
from logserver.store.database import snapshot
from tests.serving import Server

AUTH = "/api/v1/auth"
PASSWORD = "nine lives, nine looms"
ANOTHER = "ten looms and no lives"
ADA = "ada@example.com"
ABROAD = "203.0.113.9"


def registers(server: Server, email: str = ADA, *, headers: dict[str, str] | None = None, **fields: Any) -> Response:
    usual = {"email": email, "password": PASSWORD, "name": "Ada Lovelace", "organization_name": "Analytical Engines"}
    body = {name: value for name, value in (usual | fields).items() if value is not None}
    return server.post(f"{AUTH}/register", body, None, headers)


def signs_in(server: Server, email: str = ADA, password: str = PASSWORD, **headers: str) -> Response:
    return server.post(f"{AUTH}/login", {"email": email, "password": password}, None, headers)


def me(server: Server, token: str, **headers: str) -> Response:
    return server.client.get(f"{AUTH}/me", headers={"Authorization": f"Bearer {token}", **headers})


def somebody(server: Server, email: str = ADA, role: accounts.Role = "member") -> str:
    """The session of a new person who has a password."""
    token = server.person(email, role)
    server.give_password(email, PASSWORD)
    return token


def user(server: Server, email: str = ADA) -> User:
    with snapshot(server.folder) as tx:
        return accounts.by_email(tx, email)


def every(server: Server) -> list[tuple[str, str]]:
    """Everybody's e-mail address and role."""
    with snapshot(server.folder) as tx:
        return [(each.email, each.role) for each in accounts.every(tx)]
