"""The routes of the pages of alerts, their rules and webhooks."""

from logserver.web.page import PageRoute

ROUTES: list[PageRoute] = []
