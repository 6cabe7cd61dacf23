"""The routes of the pages of what was sent: logs, records, live tail, exports."""

from logserver.web.logs import export, live, logs, record
from logserver.web.page import Access, PageRoute

ROUTES: list[PageRoute] = [
    PageRoute("GET", "/p/{project}/logs", logs.logs, Access.MEMBER),
    PageRoute("GET", "/p/{project}/logs/completion", logs.completion, Access.MEMBER),
    PageRoute("GET", "/p/{project}/logs/live", live.live, Access.MEMBER),
    PageRoute("GET", "/p/{project}/logs/export", export.export, Access.MEMBER),
    PageRoute("GET", "/p/{project}/logs/export/progress", export.progress, Access.MEMBER),
    PageRoute("GET", "/p/{project}/events/{event}", record.record, Access.MEMBER),
]
