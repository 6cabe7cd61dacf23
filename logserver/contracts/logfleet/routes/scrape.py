"""The route that Prometheus reads the metrics of agents from."""

from logserver.api.endpoint import Answer, Auth, Endpoint, Tag
from logserver.api.handler import Reply
from logserver.api.look import Question
from logserver.api.request import Request
from logserver.contracts.logfleet.asking import credential_of
from logserver.contracts.logfleet.edge import landing_of
from logserver.contracts.logfleet.routes.terms import Routes, refusals, rules
from logserver.core.faults import Forbidden
from logserver.core.metrics import configs, exposition, standing
from logserver.store.tx import Tx

TAG = Tag("Metrics", "For scrapers.")
MEDIA = "text/plain; version=0.0.4; charset=utf-8"
_SCOPE = "metrics:read"


def endpoints(routes: Routes) -> list[Endpoint]:
    """The declaration."""
    return [
        Endpoint(
            method="GET",
            path="/metrics/agents",
            name="scrape_agent_metrics",
            tag=TAG,
            summary="What the agents of a project have counted, in Prometheus' text format",
            description="Of the project of the token: counters and histograms since their beginning, and the newest"
            " gauges. Each series has the label `agent`; a label of that name is called `exported_agent`.",
            handler=routes.reads(_scraped, rules(frozenset({"read", "project"})), "dashboard"),
            auth=Auth.READ_TOKEN | Auth.PROJECT_TOKEN,
            gives={200: Answer(str, "The text.", media=MEDIA)},
            errors=refusals(),
            rate_limited=True,
            examples={"all": None},
        )
    ]


def _scraped(request: Request) -> Question:
    credential = credential_of(request)
    if credential.kind == "read" and _SCOPE not in credential.scopes:
        raise Forbidden(f"the token lacks the permission {_SCOPE}")
    if credential.project is None:
        raise Forbidden("the token reads every project, and this needs one of a single project: make it with --project")
    project = landing_of(request)

    def look(tx: Tx) -> bytes:
        return exposition.text(standing.every(tx, project.number), configs.descriptions(tx))

    return Question(look, (), lambda text: Reply(200, text, media=MEDIA.encode()))
