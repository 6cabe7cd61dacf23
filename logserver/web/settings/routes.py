"""The routes of a project's settings."""

from logserver.web.page import Access, PageRoute
from logserver.web.settings import general, limits, members, redaction, tiers, tokens

_AT = "/p/{project}/settings"

ROUTES: list[PageRoute] = [
    PageRoute("GET", _AT, general.show, Access.OWNER),
    PageRoute("POST", _AT, general.save, Access.OWNER),
    PageRoute("POST", f"{_AT}/archive", general.archive, Access.OWNER),
    PageRoute("POST", f"{_AT}/restore", general.restore, Access.OWNER),
    PageRoute("GET", f"{_AT}/tokens", tokens.show, Access.OWNER),
    PageRoute("POST", f"{_AT}/tokens", tokens.make, Access.OWNER),
    PageRoute("POST", f"{_AT}/tokens/{{token}}/revoke", tokens.revoke, Access.OWNER),
    PageRoute("GET", f"{_AT}/redaction", redaction.show, Access.OWNER),
    PageRoute("POST", f"{_AT}/redaction/builtins", redaction.set_builtins, Access.OWNER),
    PageRoute("POST", f"{_AT}/redaction/dialects", redaction.set_dialects, Access.OWNER),
    PageRoute("POST", f"{_AT}/redaction/rules", redaction.save, Access.OWNER),
    PageRoute("POST", f"{_AT}/redaction/rules/{{rule}}/delete", redaction.delete, Access.OWNER),
    PageRoute("POST", f"{_AT}/redaction/try", redaction.try_out, Access.OWNER),
    PageRoute("GET", f"{_AT}/members", members.show, Access.OWNER),
    PageRoute("POST", f"{_AT}/members", members.put, Access.OWNER),
    PageRoute("POST", f"{_AT}/members/{{user}}/remove", members.remove, Access.OWNER),
    PageRoute("GET", f"{_AT}/tiers", tiers.show, Access.OWNER),
    PageRoute("POST", f"{_AT}/tiers", tiers.put, Access.OWNER),
    PageRoute("POST", f"{_AT}/tiers/{{tier}}/remove", tiers.remove, Access.OWNER),
    PageRoute("GET", f"{_AT}/limits", limits.show, Access.OWNER),
    PageRoute("POST", f"{_AT}/limits/quota", limits.set_quota, Access.OWNER),
    PageRoute("POST", f"{_AT}/limits/rate", limits.set_rate, Access.ADMIN),
    PageRoute("POST", f"{_AT}/limits/token", limits.set_token_rate, Access.ADMIN),
]
