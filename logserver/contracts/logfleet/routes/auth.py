"""The routes of people."""

from logserver.api.endpoint import Answer, Auth, Endpoint, Example, Parameter, Tag
from logserver.contracts.logfleet import wire
from logserver.contracts.logfleet.asking import USERS
from logserver.contracts.logfleet.auth import SETUP_HEADER, AuthHandlers
from logserver.contracts.logfleet.routes.terms import OF_BODIES, REFUSALS, Routes, refusals, rules

TAG = Tag(
    "LogFleet: people",
    "Who signs in to the pages and to this API. All of these share 10 requests a minute from one address.",
)
_OPEN = {status: REFUSALS[status] for status in (400, 429, 503, *OF_BODIES)}
_EMAIL = "ada@example.com"
_PASSWORD = "Nine lives, nine looms"  # noqa: S105 - an example


def endpoints(routes: Routes, handlers: AuthHandlers) -> list[Endpoint]:
    """The declarations."""
    return [
        Endpoint(
            method="POST",
            path="/api/v1/auth/register",
            name="register",
            tag=TAG,
            summary="Register, and sign in",
            description="The first user makes the organization and is its admin; that takes a request from the"
            " server's own machine, or the setup token that the server prints when it starts without users. Later"
            " ones join as members, while the setting `open_registration` is on. Where it is, 409 tells whether an"
            " e-mail address is taken. A user whose address is among the setting `admin_emails` is an admin, and"
            " registers on the server's own machine only.",
            handler=routes.opens(handlers.register, "auth"),
            takes=wire.Registration,
            gives={201: Answer(wire.SignedIn, "Registered, and signed in.")},
            errors=_OPEN
            | {
                403: Answer(wire.Error, "Registration is closed, or this is not how the first user registers."),
                409: Answer(wire.Error, "There is a user with this e-mail address."),
            },
            rate_limited=True,
            parameters=(
                Parameter(SETUP_HEADER, str, "The setup token, in place of `setup_token` in the body.", where="header"),
            ),
            examples={
                "the first user": Example(
                    {
                        "organization_name": "Analytical Engines",
                        "email": _EMAIL,
                        "password": _PASSWORD,
                        "name": "Ada Lovelace",
                    },
                    collected=False,  # it would make an admin whose password everybody can read here
                ),
                "a password that everybody knows": Example(
                    {
                        "organization_name": "Analytical Engines",
                        "email": _EMAIL,
                        "password": "password123",
                        "name": "Ada Lovelace",
                    },
                    status=400,
                ),
            },
        ),
        Endpoint(
            method="POST",
            path="/api/v1/auth/login",
            name="login",
            tag=TAG,
            summary="Sign in",
            description="The token lasts a day and is not renewed; a new password ends it. An unknown e-mail address,"
            " a wrong password and a disabled user are answered alike.",
            handler=routes.opens(handlers.login, "auth"),
            takes=wire.Login,
            gives={200: Answer(wire.SignedIn, "Signed in.")},
            errors=_OPEN | {401: Answer(wire.Error, "The e-mail address or the password is wrong.")},
            rate_limited=True,
            examples={
                "a user": Example({"email": _EMAIL, "password": _PASSWORD}, collected=False),
                "nobody": Example({"email": "nobody@example.com", "password": _PASSWORD}, status=401),
            },
        ),
        Endpoint(
            method="POST",
            path="/api/v1/auth/forgot-password",
            name="forgot_password",
            tag=TAG,
            summary="Ask for a letter with a link to set a new password",
            description="Answered the same whether or not there is such a user. The letter goes out by the mail"
            " server of the settings, at most three an hour; without one, `logserver user reset-password` prints the"
            " link.",
            handler=routes.opens(handlers.forgot_password, "auth"),
            takes=wire.Forgotten,
            gives={202: Answer(wire.Noted, "Noted.")},
            errors=_OPEN,
            rate_limited=True,
            examples={"somebody": {"email": "somebody@example.com"}},
        ),
        Endpoint(
            method="POST",
            path="/api/v1/auth/reset-password",
            name="reset_password",
            tag=TAG,
            summary="Set a new password with the token of a link",
            description="A token works once, and for an hour (the first one of a new user for three days). Every"
            " session of the user ends.",
            handler=routes.opens(handlers.reset_password, "auth"),
            takes=wire.Reset,
            gives={204: "The password is set."},
            errors=_OPEN,
            rate_limited=True,
            examples={
                "a link": Example(
                    {"token": "wTz4mJ0yq3mH8kQv2b7nR5cX1dL6fS9g", "new_password": _PASSWORD}, collected=False
                ),
                "no such link": Example({"token": "guessed", "new_password": _PASSWORD}, status=400),
            },
        ),
        Endpoint(
            method="POST",
            path="/api/v1/auth/change-password",
            name="change_password",
            tag=TAG,
            summary="Change one's password",
            description="Every session of the user ends, the one that asks too: sign in again.",
            handler=routes.acts(handlers.change_password, rules(USERS), "auth"),
            auth=Auth.USER,
            takes=wire.Change,
            gives={204: "The password is changed."},
            errors=refusals(409, *OF_BODIES),
            rate_limited=True,
            examples={
                "a new one": Example(
                    {"current_password": _PASSWORD, "new_password": "Ten looms, no lives"}, collected=False
                )
            },
        ),
        Endpoint(
            method="GET",
            path="/api/v1/auth/me",
            name="show_me",
            tag=TAG,
            summary="Who is asking",
            handler=routes.reads(handlers.me, rules(USERS), "auth"),
            auth=Auth.USER,
            gives={200: Answer(wire.Me, "The person of the token, and the organization.")},
            errors=refusals(),
            rate_limited=True,
            examples={"me": None},
        ),
    ]
