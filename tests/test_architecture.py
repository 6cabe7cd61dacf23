"""The parts of the program, and who may look where."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import logserver

ROOT = Path(logserver.__file__).parent
ROOMS = ("store", "core", "api", "contracts", "web", "roof")
ROOF = ("app", "dialects", "demo", "parts", "routing", "schedule", "server", "settings", "cli", "transfer", "__main__")
MOST_LINES = 250
SPOKEN = {"wire", "routes", "refusals", "handlers", "stream_handlers", "asking", "control"}
"""The modules of a contract that speak HTTP."""
SECRETS = {"secret", "password", "form_token", "signature", "seal", "sealed", "mac", "api_key"}
"""Names of values that whoever guesses them must learn nothing about."""

NOWHERE = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}

FILES = {
    path.relative_to(ROOT).as_posix(): path
    for path in sorted(ROOT.rglob("*.py"))
    if "static" not in path.parts and "generated" not in path.parts
}


class Import(NamedTuple):
    line: int
    module: str
    level: int


@cache
def parsed(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text(encoding="utf-8"), name)


@cache
def imports(name: str) -> tuple[Import, ...]:
    return tuple(_imports(name))


def _imports(name: str) -> Iterator[Import]:
    for node in ast.walk(parsed(name)):
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # Each name as a module of its own, because it may be one.
            yield from (Import(node.lineno, f"{node.module or ''}.{alias.name}", node.level) for alias in node.names)


def dotted(node: ast.expr) -> str:
    """``a.b.c`` of an attribute; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""


def uses(name: str, *wanted: str) -> list[int]:
    """The lines where a module says one of these, as an attribute or by importing the name itself."""
    found = [
        node.lineno
        for node in ast.walk(parsed(name))
        if isinstance(node, ast.Attribute) and dotted(node).endswith(wanted)
    ]
    return found + [each.line for each in imports(name) if each.module.endswith(wanted)]


def room(parts: tuple[str, ...]) -> str | None:
    """The room of a module within the package; None for the package itself."""
    if not parts or parts == ("__init__",) or parts[0].startswith("__version"):
        return None
    return "roof" if parts[0] in ROOF else parts[0]


def parts_of(name: str) -> tuple[str, ...]:
    return tuple(name.removesuffix(".py").split("/"))


def complaint(name: str, each: Import) -> str | None:
    """What is wrong with an import, if anything."""
    target = each.module.split(".")
    if target[0] != "logserver":
        return None
    own, other = parts_of(name), tuple(target[1:])
    here, there = room(own), room(other)
    if there is None or here is None:
        return None
    if here == "agent":
        return None if there in {"agent", "core"} else "the agent sees the core only"
    if there == "agent":
        return None if here == "roof" else "only the roof sees the agent"
    if there not in ROOMS or here not in ROOMS:
        return f"there is no room {there if there not in ROOMS else here!r}"
    if here == there == "contracts":
        return None if own[1] == other[1] else "contracts do not know one another"
    if here == "web" and there == "contracts" and (len(other) < 3 or other[2] in SPOKEN):
        return "pages see the nouns of a contract, never how it is spoken"
    return None if ROOMS.index(there) <= ROOMS.index(here) else f"{here} does not look at {there}"


@pytest.mark.parametrize("name", FILES)
def test_a_module_looks_leftwards_only(name: str) -> None:
    for each in imports(name):
        assert each.level == 0, f"{name}:{each.line} is a relative import"
        wrong = complaint(name, each)
        assert wrong is None, f"{name}:{each.line} imports {each.module}: {wrong}"


@pytest.mark.parametrize("name", [name for name in FILES if room(parts_of(name)) in {"store", "core"}])
def test_store_and_core_know_no_http(name: str) -> None:
    foreign = {"starlette", "uvicorn", "fastapi", "httptools"}
    assert not [each for each in imports(name) if each.module.split(".")[0] in foreign]


@pytest.mark.parametrize("name", [name for name in FILES if name != "core/clock.py"])
def test_only_the_clock_knows_the_time(name: str) -> None:
    assert not [each for each in imports(name) if each.module.split(".")[0] == "time"]
    assert not uses(name, "datetime.now", "datetime.utcnow", "datetime.today", "date.today")


@pytest.mark.parametrize("name", [name for name in FILES if name != "store/connections.py"])
def test_one_module_opens_the_file(name: str) -> None:
    assert not uses(name, "sqlite3.connect", "aiosqlite.connect")


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("cli/")])
def test_only_the_shell_reads_the_environment(name: str) -> None:
    assert not uses(name, "os.environ", "os.getenv", "os.environb")


@pytest.mark.parametrize("name", FILES)
def test_secrets_are_compared_in_constant_time(name: str) -> None:
    """A credential is looked up by its digest, or compared by hmac.compare_digest: == ends at the first difference."""
    compared = [
        (node.lineno, side)
        for node in ast.walk(parsed(name))
        if isinstance(node, ast.Compare) and any(isinstance(way, ast.Eq | ast.NotEq) for way in node.ops)
        for side in map(dotted, (node.left, *node.comparators))
        if side.rpartition(".")[2].strip("_") in SECRETS
    ]
    assert not compared


@pytest.mark.parametrize("name", FILES)
def test_a_module_is_short_and_named_for_what_it_is(name: str) -> None:
    assert len(FILES[name].read_text(encoding="utf-8").splitlines()) <= MOST_LINES
    assert not NOWHERE & set(parts_of(name))


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("store/events.py", "logserver.core.clock"),
        ("core/errors/groups.py", "logserver.api.hot"),
        ("core/errors/groups.py", "logserver.settings.Settings"),
        ("api/gate.py", "logserver.contracts.logister.wire"),
        ("contracts/logister/wire.py", "logserver.contracts.luminalog.wire"),
        ("contracts/logister/wire.py", "logserver.web.pages"),
        ("contracts/logister/wire.py", "logserver.app.Application"),
        ("web/pages.py", "logserver.contracts.logister.wire"),
        ("web/audit.py", "logserver.contracts.logstitch.handlers"),
        ("agent/tail.py", "logserver.store.events"),
        ("agent/tail.py", "logserver.api.request"),
        ("core/lines/lines.py", "logserver.agent.following"),
    ],
)
def test_the_rule_finds_what_breaks_it(name: str, module: str) -> None:
    assert complaint(name, Import(1, module, 0))
