"""The routes of the pages of agents and what they count."""

from logserver.web.page import PageRoute

ROUTES: list[PageRoute] = []
