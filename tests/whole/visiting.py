"""A browser without scripts, before the pages of a real server."""

import http.client
from typing import Any
from urllib.parse import urlencode

from logserver.core.clock import SystemClock
from logserver.core.people import accounts, browser_sessions
from logserver.store.database import transaction
from tests.whole.process import PATIENCE, Server


class Visitor:
    """An admin of a server who has signed in."""

    def __init__(self, server: Server, email: str = "visitor@example.com") -> None:
        self._server = server
        now_ms = SystemClock().now_ms()
        with transaction(server.folder) as tx:
            accounts.ensure_organization(tx, "Engines", now_ms)
            user = accounts.create(tx, email=email, name="Ada", role="admin", now_ms=now_ms)
            self._cookie = browser_sessions.begin(tx, user, now_ms, address="127.0.0.1", browser="test").secret

    def sees(self, path: str, **query: Any) -> tuple[int, str]:
        """The status and text of a page."""
        connection = http.client.HTTPConnection(self._server.host, self._server.port, timeout=PATIENCE)
        try:
            headers = {"Cookie": f"logserver_session={self._cookie}", "Accept": "text/html"}
            connection.request("GET", f"{path}?{urlencode(query)}" if query else path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()
