"""The routes of the pages of people: the first run, signing in, accounts, users."""

from logserver.web.page import Access, PageRoute
from logserver.web.people import home, sign_in, welcome

ROUTES: list[PageRoute] = [
    PageRoute("GET", "/", home.home, Access.SIGNED_IN),
    PageRoute("GET", "/p/{project}", home.project, Access.MEMBER),
    PageRoute("GET", "/welcome", welcome.form, Access.ANYBODY),
    PageRoute("POST", "/welcome", welcome.set_up, Access.ANYBODY),
    PageRoute("GET", "/sign-in", sign_in.form, Access.ANYBODY),
    PageRoute("POST", "/sign-in", sign_in.sign_in, Access.ANYBODY),
    PageRoute("POST", "/sign-out", sign_in.sign_out, Access.SIGNED_IN),
    PageRoute("POST", "/theme", sign_in.set_theme, Access.ANYBODY),
]
