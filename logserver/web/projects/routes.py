"""The routes of the pages of projects: the list, setting up, settings."""

from logserver.web.page import PageRoute

ROUTES: list[PageRoute] = []
