"""The routes of the pages of agents and metric rules.

Agents are of projects, though their pages are not: web/agents/sight.py says who sees and changes which.
"""

from logserver.web.agents import agents, live
from logserver.web.page import Access, PageRoute

_AGENT = "/agents/{agent}"
_LIVE = f"{_AGENT}/live/{{session}}"

ROUTES: list[PageRoute] = [
    PageRoute("GET", "/agents", agents.index, Access.SIGNED_IN),
    PageRoute("GET", _AGENT, agents.show, Access.SIGNED_IN),
    PageRoute("POST", f"{_AGENT}/config", agents.configure, Access.SIGNED_IN),
    PageRoute("POST", f"{_AGENT}/delete", agents.delete, Access.SIGNED_IN),
    PageRoute("POST", f"{_AGENT}/live", live.begin, Access.SIGNED_IN),
    PageRoute("GET", _LIVE, live.show, Access.SIGNED_IN),
    PageRoute("GET", f"{_LIVE}/lines", live.lines, Access.SIGNED_IN),
    PageRoute("POST", f"{_LIVE}/stop", live.stop, Access.SIGNED_IN),
]
