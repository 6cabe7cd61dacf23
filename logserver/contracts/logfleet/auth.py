"""People over HTTP: they register, sign in, see to their passwords and ask who they are."""

from logserver.api.fields import Fields, object_of
from logserver.api.handler import Reply
from logserver.api.look import Question
from logserver.api.loopback import is_local
from logserver.api.request import Request
from logserver.api.resources import Resources
from logserver.contracts.logfleet import wire
from logserver.contracts.logfleet.asking import credential_of, user_of
from logserver.core.faults import NotFound
from logserver.core.people import accounts, password_rule, sessions
from logserver.core.people.accounts import Organization, User
from logserver.core.people.people import Newcomer, Session
from logserver.store.tx import Tx

SETUP_HEADER = "X-Setup-Token"

_MAX_TOKEN = 200
_NOTED = "If there is a user with this e-mail address, a link to set a new password is on its way."


class AuthHandlers:
    """The handlers of ``/api/v1/auth``, over a server's resources."""

    def __init__(self, resources: Resources) -> None:
        self._gate = resources.gate
        self._people = resources.people
        self._letters = resources.letters

    async def register(self, request: Request) -> Reply:
        """POST /api/v1/auth/register: the first user, or one more where registration is open."""
        fields = Fields(object_of(request))
        email = _email(fields)
        password = fields.text("password", longest=password_rule.LONGEST, required=True) or ""
        name = fields.text("name", longest=accounts.MAX_NAME, required=True) or ""
        organization = fields.text("organization_name", longest=accounts.MAX_NAME)
        token = fields.text("setup_token", longest=_MAX_TOKEN)
        fields.done()
        if token is None and (header := request.headers.get(SETUP_HEADER.lower().encode())) is not None:
            token = header.decode("latin-1")
        local = is_local(self._gate, request)
        return _signed_in(201, await self._people.register(Newcomer(email, name, password, organization, local, token)))

    async def login(self, request: Request) -> Reply:
        """POST /api/v1/auth/login: a new session."""
        fields = Fields(object_of(request))
        email = _email(fields)
        password = fields.text("password", longest=password_rule.LONGEST, required=True) or ""
        fields.done()
        return _signed_in(200, await self._people.sign_in(email, password))

    async def forgot_password(self, request: Request) -> Reply:
        """POST /api/v1/auth/forgot-password: a letter, if there is such a user; nothing here depends on it."""
        fields = Fields(object_of(request))
        email = _email(fields)
        fields.done()
        self._letters.ask(email)
        return Reply(202, wire.Noted(_NOTED))

    async def reset_password(self, request: Request) -> Reply:
        """POST /api/v1/auth/reset-password: a new password with the token of a link, which is used up."""
        fields = Fields(object_of(request))
        token = fields.text("token", longest=_MAX_TOKEN, required=True) or ""
        password = fields.text("new_password", longest=password_rule.LONGEST, required=True) or ""
        fields.done()
        await self._people.reset(token, password)
        await self._gate.refresh()
        return Reply(204)

    async def change_password(self, request: Request) -> Reply:
        """POST /api/v1/auth/change-password: a new password; the session that asks ends with all others."""
        fields = Fields(object_of(request))
        current = fields.text("current_password", longest=password_rule.LONGEST, required=True) or ""
        password = fields.text("new_password", longest=password_rule.LONGEST, required=True) or ""
        fields.done()
        await self._people.change(credential_of(request).bound["user"], current, password)
        await self._gate.refresh()
        return Reply(204)

    def me(self, request: Request) -> Question:
        """GET /api/v1/auth/me: the person who asks, and the organization."""

        def look(tx: Tx) -> wire.Me:
            organization = accounts.organization(tx)
            if organization is None:
                raise NotFound("there is no organization")
            user = self._people.acting(user_of(tx, request))
            return wire.Me(shown_user(user), shown_organization(organization))

        return Question(look, (), lambda me: Reply(200, me))


def shown_user(user: User) -> wire.User:
    """A person as it is answered."""
    return wire.User(user.uuid, user.email, user.name, user.role)


def shown_organization(organization: Organization) -> wire.Organization:
    """The organization as it is answered."""
    return wire.Organization(organization.uuid, organization.name, organization.slug)


def _email(fields: Fields) -> str:
    email = fields.text("email", longest=accounts.MAX_EMAIL, required=True) or ""
    if email and not accounts.is_email(email):
        fields.wrong("email", "must be a valid email address")
    return email


def _signed_in(status: int, session: Session) -> Reply:
    user, organization = shown_user(session.user), shown_organization(session.organization)
    return Reply(status, wire.SignedIn(session.token, sessions.SECONDS, user, organization))
