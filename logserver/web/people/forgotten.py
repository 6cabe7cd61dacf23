"""A forgotten password: a link by mail, where the server sends mail; else whom to ask."""

from starlette.responses import Response

from logserver.core.people import accounts
from logserver.web.people.sign_in import A_MINUTE
from logserver.web.visit import Visit


async def form(visit: Visit) -> Response:
    """GET: the form that asks for a link."""
    return visit.page("people/forgotten.html", email="", problems={})


async def ask(visit: Visit) -> Response:
    """POST: note what was asked for; the answer is the same for whomever it was."""
    email = visit.form.get("email")
    visit.site.resources.gate.take_at_door(visit.request, limit=A_MINUTE)
    if not accounts.is_email(email):
        problems = {"email": "Must be a valid email address."}
        return visit.page("people/forgotten.html", 422, email=email, problems=problems)
    if visit.site.mail:
        visit.site.resources.letters.ask(email)
    return visit.see(
        visit.url("/sign-in"),
        "If there is somebody with this e-mail address, a link to set a new password is on its way.",
    )
