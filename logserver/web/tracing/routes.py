"""The routes of the pages of performance, traces and metrics."""

from logserver.web.page import Access, PageRoute
from logserver.web.tracing import metrics, performance, traces

ROUTES: list[PageRoute] = [
    PageRoute("GET", "/p/{project}/performance", performance.performance, Access.MEMBER),
    PageRoute("GET", "/p/{project}/traces", traces.traces, Access.MEMBER),
    PageRoute("GET", "/p/{project}/traces/{trace_id:path}", traces.trace, Access.MEMBER),
    PageRoute("GET", "/p/{project}/metrics", metrics.metrics, Access.MEMBER),
]
