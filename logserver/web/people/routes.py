"""The routes of the pages of people: the first run, signing in, accounts, users."""

from logserver.web.page import Access, PageRoute
from logserver.web.people import account, forgotten, home, new_password, sign_in, user, users, welcome

SMALL = 8_192
"""Bytes of a form that anybody may send."""

ROUTES: list[PageRoute] = [
    PageRoute("GET", "/", home.home, Access.SIGNED_IN),
    PageRoute("GET", "/p/{project}", home.project, Access.MEMBER),
    PageRoute("GET", "/welcome", welcome.form, Access.ANYBODY),
    PageRoute("POST", "/welcome", welcome.set_up, Access.ANYBODY, form_bytes=SMALL),
    PageRoute("GET", "/sign-in", sign_in.form, Access.ANYBODY),
    PageRoute("POST", "/sign-in", sign_in.sign_in, Access.ANYBODY, form_bytes=SMALL),
    PageRoute("POST", "/sign-out", sign_in.sign_out, Access.SIGNED_IN),
    PageRoute("GET", "/forgot-password", forgotten.form, Access.ANYBODY),
    PageRoute("POST", "/forgot-password", forgotten.ask, Access.ANYBODY, form_bytes=SMALL),
    PageRoute("GET", "/reset-password", new_password.form, Access.ANYBODY),
    PageRoute("POST", "/reset-password", new_password.set_password, Access.ANYBODY, form_bytes=SMALL),
    PageRoute("GET", "/account", account.page, Access.SIGNED_IN),
    PageRoute("POST", "/account/name", account.rename, Access.SIGNED_IN),
    PageRoute("POST", "/account/password", account.change_password, Access.SIGNED_IN),
    PageRoute("POST", "/account/sessions/end", account.end_session, Access.SIGNED_IN),
    PageRoute("POST", "/account/sessions/end-others", account.end_others, Access.SIGNED_IN),
    PageRoute("GET", "/users", users.page, Access.ADMIN),
    PageRoute("POST", "/users", users.invite, Access.ADMIN),
    PageRoute("GET", "/users/{user}", user.page, Access.ADMIN),
    PageRoute("POST", "/users/{user}/role", user.set_role, Access.ADMIN),
    PageRoute("POST", "/users/{user}/disable", user.disable, Access.ADMIN),
    PageRoute("POST", "/users/{user}/enable", user.enable, Access.ADMIN),
    PageRoute("POST", "/users/{user}/link", user.make_link, Access.ADMIN),
    PageRoute("POST", "/users/{user}/sessions/end", user.end_sessions, Access.ADMIN),
    PageRoute("POST", "/users/{user}/projects", user.put_into_project, Access.ADMIN),
    PageRoute("POST", "/users/{user}/projects/leave", user.take_out_of_project, Access.ADMIN),
    PageRoute("POST", "/theme", sign_in.set_theme, Access.ANYBODY),
]
