"""People over HTTP: who one is."""

from logserver.api.handler import Reply
from logserver.api.look import Question
from logserver.api.request import Request
from logserver.contracts.logfleet import wire
from logserver.contracts.logfleet.asking import user_of
from logserver.core import accounts
from logserver.core.accounts import Organization, User
from logserver.core.faults import NotFound
from logserver.store.tx import Tx


class AuthHandlers:
    """The handlers of ``/api/v1/auth``."""

    def me(self, request: Request) -> Question:
        """GET /api/v1/auth/me: the person who asks, and the organization."""

        def look(tx: Tx) -> wire.Me:
            organization = accounts.organization(tx)
            if organization is None:
                raise NotFound("there is no organization")
            return wire.Me(shown_user(user_of(tx, request)), shown_organization(organization))

        return Question(look, (), lambda me: Reply(200, me))


def shown_user(user: User) -> wire.User:
    """A person as it is answered."""
    return wire.User(user.uuid, user.email, user.name, user.role)


def shown_organization(organization: Organization) -> wire.Organization:
    """The organization as it is answered."""
    return wire.Organization(organization.uuid, organization.name, organization.slug)
