"""What the paths of requests are called where they are logged or counted: nothing of a sender's is in it."""

from collections.abc import Iterable
from typing import Any, Protocol

from starlette.types import Scope


class Declared(Protocol):
    """A route as it is declared."""

    @property
    def handler(self) -> Any:
        """What serves it."""
        ...

    def public_path(self) -> str:
        """Its path with the names of its places."""
        ...


class Paths:
    """Paths as they are declared."""

    def __init__(self, endpoints: Iterable[Declared]) -> None:
        self._declared: dict[Any, str] = {endpoint.handler: endpoint.public_path() for endpoint in endpoints}
        self._beginnings = {""}
        for path in self._declared.values():
            steps = path.partition("{")[0].rstrip("/").split("/")
            self._beginnings.update("/".join(steps[:end]) for end in range(1, len(steps) + 1))

    def of(self, scope: Scope) -> str:
        """``/things/{id}`` of a path that a route has; of another one its known beginning, and ``/...``."""
        endpoint = scope.get("endpoint")
        if endpoint is not None and (declared := self._declared.get(endpoint)) is not None:
            return declared
        if endpoint is not None and not scope.get("root_path") and not scope.get("path_params"):
            return str(scope["path"])
        steps = scope["path"].rstrip("/").split("/")
        for end in range(len(steps), 0, -1):
            if (beginning := "/".join(steps[:end])) in self._beginnings:
                return beginning + "/..." if end < len(steps) else beginning or "/"
        return "/..."
