"""The routes of the pages of performance, traces and metrics."""

from logserver.web.page import PageRoute

ROUTES: list[PageRoute] = []
