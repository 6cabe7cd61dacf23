"""What is derived from the declarations and committed for readers: ``python -m tests.examples`` writes it anew.

Two files under examples/, and the tables of settings in the README and of routes in api.md, each between two comments.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from logserver import __version__
from logserver.api.endpoint import Endpoint
from logserver.api.openapi import document, json_text
from logserver.api.postman import collection
from logserver.app import DESCRIPTION, TITLE, Application
from logserver.settings import Settings, meanings

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
EXAMPLES = ROOT / "examples"
COLLECTION = EXAMPLES / "logserver.postman_collection.json"
OPENAPI = EXAMPLES / "openapi.json"
API = EXAMPLES / "api.md"


def endpoints() -> list[Endpoint]:
    """Every endpoint of the server, which is not started for it."""
    return Application(Settings()).endpoints


def derived() -> dict[Path, str]:
    """The text that each derived file should have."""
    listed = endpoints()
    openapi = document(listed, title=TITLE, version=__version__, description=DESCRIPTION)
    postman = collection(listed, title=TITLE, description=DESCRIPTION, base_url=f"http://localhost:{Settings().port}")
    settings = _table(("Variable", "Default", "Meaning", "Also read"), _settings())
    routes = _table(("Method", "Path", "Credential", "Does"), _routes(listed))
    return {
        OPENAPI: json_text(openapi).decode(),
        COLLECTION: json_text(postman).decode(),
        README: _between(README.read_text(encoding="utf-8"), "settings", settings),
        API: _between(API.read_text(encoding="utf-8"), "routes", routes),
    }


def _settings() -> Iterator[tuple[str, ...]]:
    for name, default, unit, meaning, also in meanings():
        shown = "the user's data folder" if name == "data" else _code(_spelled(default))
        yield (
            _code(f"LOGSERVER_{name.upper()}"),
            f"{shown} {unit}".strip() if shown else "(none)",
            meaning.replace("|", "\\|"),
            _code(also or ""),
        )


def _routes(listed: Iterable[Endpoint]) -> Iterator[tuple[str, ...]]:
    for endpoint in listed:
        yield endpoint.method, _code(endpoint.public_path()), " or ".join(endpoint.auth.spoken()), endpoint.summary


def _spelled(default: Any) -> str:
    return default if isinstance(default, str) else msgspec.json.encode(default).decode()


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n".replace("|  |", "| |") for line in lines).replace("| --- ", "|---")


def _between(text: str, name: str, table: str) -> str:
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    made, found = re.subn(f"{begin}.*?{end}", lambda _: f"{begin}\n{table}\n{end}", text, flags=re.DOTALL)
    if found != 1:
        raise ValueError(f"there are {found} places for the table of {name}")
    return made


if __name__ == "__main__":
    for path, text in derived().items():
        path.write_text(text, encoding="utf-8")
