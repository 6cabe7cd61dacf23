"""The routes of the pages of what was sent: logs, records, live tail, exports."""

from logserver.web.page import PageRoute

ROUTES: list[PageRoute] = []
