"""People at the door: they register, sign in, and set and change their passwords.

Each of these hashes a password between a look at the store and a write to it; so the write looks again, and what
changed meanwhile wins. Who calls reset() or change() has the remembered credentials looked at again (Gate.refresh).
"""

from collections.abc import Collection
from typing import NamedTuple

from logserver.core.clock import Clock
from logserver.core.faults import Conflict, Forbidden, Invalid, NotFound, Unauthorized
from logserver.core.people import accounts, links, password_rule, sessions
from logserver.core.people.accounts import Organization, User
from logserver.core.people.passwords import Passwords
from logserver.store.database import Database
from logserver.store.tx import Tx

_WRONG = "the e-mail address or the password is wrong"
_DEAD_LINK = "is not valid, was used already, or is past its time"


class Session(NamedTuple):
    """Somebody who has just signed in."""

    token: str
    user: User
    organization: Organization


class Newcomer(NamedTuple):
    """Who wants to register, and where from."""

    email: str
    name: str
    password: str
    organization: str | None
    """What to call the organization, where there is none yet."""
    local: bool
    """Whether the request was made on the machine of the server."""
    setup_token: str | None


class People:
    """Registers people and lets them in.

    Those whose e-mail address is among ``admins`` are admins, whatever role is stored.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        passwords: Passwords,
        *,
        admins: Collection[str] = frozenset(),
        open_registration: bool = False,
    ) -> None:
        self._database = database
        self._clock = clock
        self._passwords = passwords
        self._admins = admins
        self._open = open_registration

    async def setup_token(self) -> str | None:
        """A new token to make the first admin with, in place of the older one; None where there are users."""

        def issue(tx: Tx, now_ms: int) -> str | None:
            return None if accounts.anybody(tx) else links.issue_setup(tx, now_ms).token

        return await self._database.write(issue, self._clock.now_ms())

    async def register(self, newcomer: Newcomer) -> Session:
        """Make a user and sign it in: the first one as the admin, later ones as members of the organization.

        The first comes from the machine of the server or has the setup token; later ones come while registration
        is open. Raises Forbidden for anybody else, Conflict for an e-mail address that is taken, Invalid for
        values that break a rule.
        """
        known = (newcomer.email, newcomer.name, newcomer.organization or "")
        password = password_rule.required("password", newcomer.password, known)
        newcomer = newcomer._replace(email=accounts.normal_email(newcomer.email), password="")
        await self._database.look_up(self._admit, newcomer, self._clock.now_ms())
        encoded = await self._passwords.hashed(password)
        return await self._database.write(self._register, newcomer, encoded, self._clock.now_ms())

    async def sign_in(self, email: str, password: str) -> Session:
        """A new session; raises Unauthorized, in the same words after the same work, for whatever is wrong."""
        found = await self._database.look_up(_look, email)
        user, encoded = found if found is not None and found[0].disabled_at is None else (None, None)
        chosen = password_rule.normal(password[: password_rule.LONGEST])
        if not await self._passwords.right(encoded, chosen) or user is None or encoded is None:
            raise Unauthorized(_WRONG)
        renewed = await self._passwords.hashed(chosen) if self._passwords.outdated(encoded) else None

        def enter(tx: Tx, now_ms: int) -> Session:
            current = accounts.by_number(tx, user.number)
            if current.disabled_at is not None or accounts.password_of(tx, current) != encoded:
                raise Unauthorized(_WRONG)
            accounts.record_login(tx, current, now_ms, renewed)
            return self._session(tx, current, now_ms)

        return await self._database.write(enter, self._clock.now_ms())

    async def reset(self, token: str, password: str) -> None:
        """Set a password with the token of a link, which is used up by it; every session of the user ends.

        Raises Invalid for a token that is good no more, and for a password that is not good enough.
        """
        _, known = await self._database.look_up(_of_link, token, self._clock.now_ms())
        encoded = await self._passwords.hashed(password_rule.required("new_password", password, known))

        def use(tx: Tx, now_ms: int) -> None:
            current, _ = _of_link(tx, token, now_ms)
            accounts.set_password(tx, current, encoded)

        await self._database.write(use, self._clock.now_ms())

    async def change(self, user_id: str, current: str, password: str) -> None:
        """Set a new password for one who knows the current one; every session of the user ends.

        Raises Invalid for a wrong current password, and for a new one that is not good enough.
        """
        user, known = await self._database.look_up(_of_id, user_id)
        chosen = password_rule.required("new_password", password, known)
        held = await self._database.look_up(accounts.password_of, user)
        if not await self._passwords.right(held, password_rule.normal(current[: password_rule.LONGEST])):
            raise Invalid([("current_password", "is not your password")])
        encoded = await self._passwords.hashed(chosen)

        def change(tx: Tx) -> None:
            latest = accounts.by_number(tx, user.number)
            if latest.session != user.session or latest.disabled_at is not None:
                raise Conflict("the password was changed meanwhile")
            accounts.set_password(tx, latest, encoded)

        await self._database.write(change)

    def acting(self, user: User) -> User:
        """A user with the role that counts."""
        return accounts.acting(user, self._admins)

    def _admit(self, tx: Tx, newcomer: Newcomer, now_ms: int) -> bool:
        """Raise where a newcomer may not register; whether it would be the first."""
        first = not accounts.anybody(tx)
        token = newcomer.setup_token
        let_in = newcomer.local if token is None else first and links.is_setup(tx, token, now_ms)
        if first and not let_in:
            raise Forbidden(
                "nobody has registered here yet: that is done on the server's machine or with its setup token"
            )
        if not first and not self._open:
            raise Forbidden("registration is closed; ask an admin for an account")
        if newcomer.email in self._admins and not let_in:
            raise Forbidden("an admin's account is made on the server's machine")
        if first and newcomer.organization is None:
            raise Invalid([("organization_name", "Required")])
        if not first and _look(tx, newcomer.email) is not None:
            raise Conflict("there is a user with this e-mail address already")
        return first

    def _register(self, tx: Tx, newcomer: Newcomer, encoded: str, now_ms: int) -> Session:
        first = self._admit(tx, newcomer, now_ms)
        accounts.ensure_organization(tx, newcomer.organization or "", now_ms)
        role: accounts.Role = "admin" if first or newcomer.email in self._admins else "member"
        user = accounts.create(tx, email=newcomer.email, name=newcomer.name, role=role, now_ms=now_ms, password=encoded)
        accounts.record_login(tx, user, now_ms)
        return self._session(tx, user, now_ms)

    def _session(self, tx: Tx, user: User, now_ms: int) -> Session:
        organization = accounts.organization(tx)
        if organization is None:
            raise NotFound("there is no organization")
        return Session(sessions.issue(tx, user, now_ms), self.acting(user), organization)


def _look(tx: Tx, email: str) -> tuple[User, str | None] | None:
    """The user of an e-mail address with the hash of the password."""
    try:
        user = accounts.by_email(tx, email)
    except NotFound:
        return None
    return user, accounts.password_of(tx, user)


def _of_link(tx: Tx, token: str, now_ms: int) -> tuple[User, tuple[str, ...]]:
    """The user whose link a token is, and what everybody knows of that person; raises Invalid."""
    number = links.owner(tx, token, now_ms)
    if number is None:
        raise Invalid([("token", _DEAD_LINK)])
    return _known(tx, accounts.by_number(tx, number))


def _of_id(tx: Tx, user_id: str) -> tuple[User, tuple[str, ...]]:
    return _known(tx, accounts.by_uuid(tx, user_id))


def _known(tx: Tx, user: User) -> tuple[User, tuple[str, ...]]:
    organization = accounts.organization(tx)
    return user, (user.email, user.name, organization.name if organization is not None else "")
