"""The routes of the pages of agents and metric rules.

Agents are of projects, though their pages are not: web/agents/sight.py says who sees and changes which.
"""

from logserver.web.agents import agents, live, metric_rules
from logserver.web.page import Access, PageRoute

_AGENT = "/agents/{agent}"
_LIVE = f"{_AGENT}/live/{{session}}"
_RULES = "/metric-rules/{rule}"

ROUTES: list[PageRoute] = [
    PageRoute("GET", "/agents", agents.index, Access.SIGNED_IN),
    PageRoute("GET", _AGENT, agents.show, Access.SIGNED_IN),
    PageRoute("POST", f"{_AGENT}/config", agents.configure, Access.SIGNED_IN),
    PageRoute("POST", f"{_AGENT}/delete", agents.delete, Access.SIGNED_IN),
    PageRoute("POST", f"{_AGENT}/live", live.begin, Access.SIGNED_IN),
    PageRoute("GET", _LIVE, live.show, Access.SIGNED_IN),
    PageRoute("GET", f"{_LIVE}/lines", live.lines, Access.SIGNED_IN),
    PageRoute("POST", f"{_LIVE}/stop", live.stop, Access.SIGNED_IN),
    PageRoute("GET", "/metric-rules", metric_rules.index, Access.SIGNED_IN),
    PageRoute("POST", "/metric-rules", metric_rules.save, Access.ADMIN),
    PageRoute("GET", "/metric-rules/new", metric_rules.form, Access.ADMIN),
    PageRoute("GET", _RULES, metric_rules.show, Access.SIGNED_IN),
    PageRoute("POST", _RULES, metric_rules.save, Access.ADMIN),
    PageRoute("POST", f"{_RULES}/try", metric_rules.try_stored, Access.SIGNED_IN),
    PageRoute("POST", f"{_RULES}/delete", metric_rules.delete, Access.ADMIN),
]
