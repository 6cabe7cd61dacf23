"""Who the company is: its projects and services, its people and tenants, and its releases."""

from typing import NamedTuple

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

ORGANIZATION = "Harbour Bikes"


class Route(NamedTuple):
    """Something that is asked of a service, how often among its others, and how long it usually takes."""

    name: str
    weight: float
    ms: float
    database: int
    """How many statements it makes."""
    remote: str = ""
    """Another service that it calls."""


class Service(NamedTuple):
    """A service of a project."""

    project: str
    name: str
    runtime: str
    hourly: float
    """Requests in a busy hour that are kept as transactions."""
    routes: tuple[Route, ...]


class Person(NamedTuple):
    """Somebody who works there; ``places`` are projects and what the person is in them."""

    email: str
    name: str
    role: str
    places: tuple[tuple[str, str], ...] = ()


PROJECTS = {
    "storefront": "Storefront",
    "dock-api": "Dock API",
    "back-office": "Back office",
}

REPOSITORIES = {
    "storefront": "harbourbikes/storefront",
    "dock-api": "harbourbikes/dock-api",
    "back-office": "harbourbikes/back-office",
}

SERVICES = (
    Service(
        "storefront",
        "web",
        "python",
        34,
        (
            Route("GET /", 5, 38, 2),
            Route("GET /bikes/{id}", 8, 64, 3),
            Route("GET /search", 4, 145, 4),
            Route("POST /rentals", 2, 320, 9, "payments"),
            Route("POST /sign-in", 1.5, 210, 2),
            Route("GET /account/rides", 2, 96, 5),
        ),
    ),
    Service(
        "storefront",
        "payments",
        "ruby",
        9,
        (
            Route("POST /charges", 3, 410, 4, "card network"),
            Route("POST /refunds", 0.4, 480, 5, "card network"),
            Route("ReceiptJob", 2, 120, 2),
        ),
    ),
    Service(
        "dock-api",
        "docks",
        "node",
        40,
        (
            Route("POST /docks/{id}/heartbeat", 12, 9, 1),
            Route("POST /docks/{id}/unlock", 3, 88, 3, "mqtt"),
            Route("POST /docks/{id}/return", 3, 104, 4, "mqtt"),
            Route("GET /stations", 5, 26, 1),
        ),
    ),
    Service(
        "back-office",
        "invoicing",
        "dotnet",
        7,
        (
            Route("GET /invoices", 3, 130, 3),
            Route("POST /invoices/{id}/send", 1, 520, 4, "mail"),
            Route("GET /reports/month", 0.3, 2_400, 22),
        ),
    ),
    Service(
        "back-office",
        "planner",
        "java",
        5,
        (Route("POST /plans", 1, 760, 12), Route("GET /plans/{id}", 3, 74, 2)),
    ),
)

PEOPLE = (
    Person("ada@harbourbikes.example", "Ada Lindqvist", "admin"),
    Person("ben@harbourbikes.example", "Ben Okafor", "member", (("storefront", "owner"), ("dock-api", "member"))),
    Person("chiara@harbourbikes.example", "Chiara Conti", "member", (("dock-api", "owner"),)),
    Person("dev@harbourbikes.example", "Dev Patel", "member", (("back-office", "owner"), ("storefront", "member"))),
)

TENANTS = ("city-of-aarhus", "hotel-nordsee", "campus-rentals", "harbour-bikes")

CUSTOMERS = (
    "Mona Fischer",
    "Jonas Berg",
    "Priya Nair",
    "Luca Moretti",
    "Elif Demir",
    "Tomasz Nowak",
    "Sofia Marin",
    "Noah Jensen",
)

ENVIRONMENT = "production"
INCIDENT_DAYS_AGO = 6
"""When a release of the storefront ran out of connections to its database, for 75 minutes from 14:20."""
