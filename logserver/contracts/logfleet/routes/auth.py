"""The routes of people."""

from logserver.api.endpoint import Answer, Auth, Endpoint, Tag
from logserver.contracts.logfleet import wire
from logserver.contracts.logfleet.asking import USERS
from logserver.contracts.logfleet.auth import AuthHandlers
from logserver.contracts.logfleet.routes.terms import Routes, refusals, rules

TAG = Tag("LogFleet: people", "Who signs in to the pages and to this API.")


def endpoints(routes: Routes, handlers: AuthHandlers) -> list[Endpoint]:
    """The declarations."""
    return [
        Endpoint(
            method="GET",
            path="/api/v1/auth/me",
            name="show_me",
            tag=TAG,
            summary="Who is asking",
            handler=routes.reads(handlers.me, rules(USERS), "dashboard"),
            auth=Auth.USER,
            gives={200: Answer(wire.Me, "The person of the token, and the organization.")},
            errors=refusals(),
            rate_limited=True,
            examples={"me": None},
        ),
    ]
