"""The routes of the pages of alerts, their rules and webhooks.

Members see all of it and say what becomes of an alert; rules and webhooks are changed by owners.
"""

from logserver.web.alerts import alerts, rules, webhooks
from logserver.web.page import Access, PageRoute

_ALERTS = "/p/{project}/alerts"
_RULES = f"{_ALERTS}/rules"
_WEBHOOKS = f"{_ALERTS}/webhooks"

ROUTES: list[PageRoute] = [
    PageRoute("GET", _ALERTS, alerts.index, Access.MEMBER),
    PageRoute("POST", _ALERTS, alerts.change, Access.MEMBER),
    PageRoute("GET", _RULES, rules.index, Access.MEMBER),
    PageRoute("POST", _RULES, rules.create, Access.OWNER),
    PageRoute("GET", f"{_RULES}/new", rules.form, Access.OWNER),
    PageRoute("GET", f"{_RULES}/{{rule}}", rules.edit, Access.OWNER),
    PageRoute("POST", f"{_RULES}/{{rule}}", rules.change, Access.OWNER),
    PageRoute("POST", f"{_RULES}/{{rule}}/switch", rules.switch, Access.OWNER),
    PageRoute("POST", f"{_RULES}/{{rule}}/delete", rules.delete, Access.OWNER),
    PageRoute("GET", _WEBHOOKS, webhooks.index, Access.MEMBER),
    PageRoute("POST", _WEBHOOKS, webhooks.create, Access.OWNER),
    PageRoute("GET", f"{_WEBHOOKS}/new", webhooks.form, Access.OWNER),
    PageRoute("GET", f"{_WEBHOOKS}/{{webhook}}", webhooks.show, Access.MEMBER),
    PageRoute("POST", f"{_WEBHOOKS}/{{webhook}}", webhooks.change, Access.OWNER),
    PageRoute("POST", f"{_WEBHOOKS}/{{webhook}}/test", webhooks.send_test, Access.OWNER),
    PageRoute("POST", f"{_WEBHOOKS}/{{webhook}}/delete", webhooks.delete, Access.OWNER),
    PageRoute("GET", f"{_ALERTS}/{{alert}}", alerts.show, Access.MEMBER),
]
