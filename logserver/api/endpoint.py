"""The declaration of one HTTP route: the single place its path, shapes, refusals and examples are written.

Routing, the OpenAPI document, the Postman collection and the reference pages are derived from it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import Flag, auto
from http import HTTPStatus
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace
from starlette.routing import Route

JSON = "application/json"
NDJSON = "application/x-ndjson"

Form: TypeAlias = Any
"""A type msgspec can describe: a Struct, a union of them, ``list[…]``, ``Annotated[int, Meta(…)]`` …"""

_PLACEHOLDER = re.compile(r"\{(\w+)(?::(\w+))?\}")
_CONVERTED: dict[str, type] = {"int": int, "float": float}


class Auth(Flag):
    """The kinds of credential an endpoint accepts, any one of them; combined with ``|``."""

    NONE = 0
    PROJECT_TOKEN = auto()
    MOBILE_TOKEN = auto()
    MASTER_KEY = auto()
    VIEWER_TOKEN = auto()
    USER = auto()
    EDGE_TOKEN = auto()
    READ_TOKEN = auto()
    ADMIN = auto()
    """A person who may change things; USER is any person."""

    def spoken(self) -> list[str]:
        """The kinds in words, such as ``project token``."""
        return [kind.name.lower().replace("_", " ") for kind in self if kind.name]


class Tag(NamedTuple):
    """A group of endpoints, as the documents show them together."""

    name: str
    description: str


class Parameter(msgspec.Struct, frozen=True):
    """A value read from the query, a header or the path."""

    name: str
    type: Form
    description: str
    where: Literal["query", "header", "path"] = "query"
    required: bool = False
    example: Any = None


class Answer(msgspec.Struct, frozen=True):
    """What one status brings; without a type, no body is promised."""

    type: Form = None
    description: str = ""
    media: str = JSON
    example: Any = None


class Example(msgspec.Struct, frozen=True):
    """A request worth trying, and the status it must be answered with."""

    body: Any = None
    """A JSON value; for NDJSON the list of its lines; ``bytes`` are sent as they are."""
    status: int | None = None
    """The expected status; the endpoint's first success where it is left out."""
    values: Mapping[str, Any] = {}
    """Values of the endpoint's parameters by name, in place of the parameters' own examples."""
    fresh: tuple[str, ...] = ()
    """Keys whose value must be a new UUID each time the request is sent: idempotency keys."""
    keeps: Mapping[str, str] = {}
    """Values of the answer that later requests of the collection use: variables, and where in the JSON each
    stands (``id``, ``rules.0.id``). Their bodies and ``values`` say ``{{variable}}``."""
    collected: bool = True
    """Whether the Postman collection has it; without, it is one to read, which somebody's own values make work."""
    media: str | None = None
    """A media type to send in place of the one the endpoint takes."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One route as declared; a declaration that contradicts itself raises ValueError where it is written."""

    method: str
    path: str
    """In Starlette's spelling: ``/api/v1/things/{id}``."""
    name: str
    """The operation id, snake_case, unique in the server."""
    tag: Tag
    summary: str
    handler: Callable[..., Any]
    """What Starlette's Route takes: a function of the request, or an ASGI application."""
    description: str = ""
    auth: Auth = Auth.NONE
    takes: Form = None
    """The type of the body; of one line where ``media`` is NDJSON."""
    media: str = JSON
    gives: Mapping[int, Form | str | Answer]
    """What each successful status brings: a type, an Answer, or only words. The first is the usual one."""
    errors: Mapping[int, Form | str | Answer] = {}
    """The same for each refusal; a dialect's common refusals are one dict joined with ``|``."""
    rate_limited: bool = False
    """Whether successes and 429 carry the X-RateLimit headers."""
    parameters: tuple[Parameter, ...] = ()
    """Query and header values, and those of the path that deserve more than a name."""
    examples: Mapping[str, Any] = {}
    """Requests by title: an Example, or just the JSON value of one that succeeds."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ValueError(f"{self.name!r} is no snake_case name")
        if not self.gives:
            raise ValueError(f"{self.name}: no success is declared")
        places = {name for name, _ in _PLACEHOLDER.findall(self.path)}
        for parameter in self.parameters:
            if parameter.where == "path" and parameter.name not in places:
                raise ValueError(f"{self.name}: {self.path} has no {{{parameter.name}}}")
        known = self.gives.keys() | self.errors.keys()
        names = {parameter.name for parameter in self.parameters} | places
        for title, example in self.requests().items():
            if example.status not in known:
                raise ValueError(f"{self.name}: {title!r} expects {example.status}, which is not declared")
            if unknown := example.values.keys() - names:
                raise ValueError(f"{self.name}: {title!r} gives undeclared {sorted(unknown)}")

    def route(self) -> Route:
        """The Starlette route that serves this endpoint."""
        return Route(self.path, self.handler, methods=[self.method], name=self.name)

    def public_path(self) -> str:
        """The path as documents spell it, without converters."""
        return _PLACEHOLDER.sub(r"{\1}", self.path)

    def answers(self) -> dict[int, Answer]:
        """Every declared status with its answer, successes first."""
        return {status: _answer(status, given) for status, given in {**self.gives, **self.errors}.items()}

    def all_parameters(self) -> list[Parameter]:
        """The declared parameters, preceded by those of the path nobody declared."""
        declared = {parameter.name for parameter in self.parameters if parameter.where == "path"}
        derived = [
            Parameter(name, _CONVERTED.get(converter, str), "", where="path")
            for name, converter in _PLACEHOLDER.findall(self.path)
            if name not in declared
        ]
        return [*derived, *self.parameters]

    def requests(self) -> dict[str, Example]:
        """The examples by title, each with its expected status filled in."""
        usual = next(iter(self.gives))
        requests = {}
        for title, given in self.examples.items():
            example = given if isinstance(given, Example) else Example(given)
            requests[title] = replace(example, status=example.status or usual, media=example.media or self.media)
        return requests


def distinct(endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    """The endpoints as a list; two of one name, or two for one method and path, raise ValueError."""
    listed = list(endpoints)
    names: set[str] = set()
    places: set[tuple[str, str]] = set()
    for endpoint in listed:
        place = endpoint.method, endpoint.public_path()
        if endpoint.name in names or place in places:
            raise ValueError(f"{endpoint.name} ({' '.join(place)}) is declared twice")
        names.add(endpoint.name)
        places.add(place)
    return listed


def _answer(status: int, given: Form | str | Answer) -> Answer:
    if isinstance(given, str):
        return Answer(description=given)
    answer = given if isinstance(given, Answer) else Answer(given)
    if answer.description:
        return answer
    return replace(answer, description=HTTPStatus(status).phrase)
