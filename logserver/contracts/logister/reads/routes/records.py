"""The routes of events, error groups, monitors and deployments."""

from logserver.api.endpoint import Endpoint, Parameter
from logserver.contracts.logister.reads import events, groups, monitors, wire
from logserver.contracts.logister.reads.routes.terms import (
    CURSOR,
    ENVIRONMENT,
    LIMIT,
    RELEASE,
    SINCE,
    UNTIL,
    Routes,
    kept,
)
from logserver.core.errors import inbox
from logserver.store.words import TYPES

_UNKNOWN = "00000000-0000-4000-8000-000000000000"


def endpoints(routes: Routes) -> list[Endpoint]:
    """The declarations."""
    return [
        routes.of_project(
            "/events",
            "read_events",
            "events:read",
            events.page,
            gives=wire.FoundEvents,
            found="A page, newest first; with `after_cursor` what arrived since, in order of arrival.",
            summary="Search events, and follow them",
            description="All that is asked for must hold. To page back, ask on with `next_cursor` as `cursor`. To"
            " follow, ask on with `poll_cursor` as `after_cursor`: it finds whatever arrives, however long ago it"
            " happened, and neither skips nor repeats. A cursor is good for the same question only, with any limit.",
            parameters=(
                Parameter("q", str, "The query language: `level:error user_id:42 timeout`."),
                Parameter("type", str, f"One of {', '.join(TYPES)}."),
                Parameter("level", str, "In any spelling of it: `warn` finds `warning`."),
                ENVIRONMENT,
                RELEASE,
                Parameter("trace_id", str, "Of this trace."),
                Parameter("request_id", str, "Of this request."),
                Parameter("min_duration_ms", int, "At least so long."),
                SINCE,
                UNTIL,
                LIMIT,
                CURSOR,
                Parameter("after_cursor", str, "What has arrived since this `poll_cursor`."),
            ),
            examples={
                "the newest": kept(keeps={"read_event": "items.0.id", "read_poll": "poll_cursor"}),
                "what arrived since": kept(after_cursor="{{read_poll}}"),
                "slow transactions of a day": kept(type="transaction", min_duration_ms=100, since="24h"),
                "a query": kept(q="level:error checkout"),
                "a query that is none": kept(400, q="level:"),
                "a cursor of another list": kept(400, cursor="AAAAAAAAAAAAAAAAAAAAAAAA"),
            },
        ),
        routes.of_project(
            "/events/{id}",
            "read_event",
            "events:read",
            events.one,
            gives=wire.Event,
            found="The event.",
            summary="Read an event",
            parameters=(Parameter("id", str, "Its UUID; of an audit event `evt_…`.", where="path"),),
            examples={"the newest": kept(id="{{read_event}}"), "one that is not there": kept(404, id=_UNKNOWN)},
        ),
        routes.of_project(
            "/error_groups",
            "read_error_groups",
            "errors:read",
            groups.page,
            gives=wire.Groups,
            found="A page.",
            summary="List error groups",
            parameters=(
                Parameter("status", str, f"One of {', '.join(inbox.SHELVES)} (unresolved)."),
                Parameter("q", str, "Words of the title or the class."),
                Parameter("assignee", str, f"Who looks after it, by e-mail address; `{groups.NOBODY}` for nobody."),
                Parameter("level", str, "Level of the newest occurrence."),
                ENVIRONMENT,
                RELEASE,
                Parameter("sort", str, f"Greatest first: one of {', '.join(inbox.SORTS)} (last_seen)."),
                LIMIT,
                CURSOR,
            ),
            examples={
                "unresolved": kept(keeps={"read_group": "items.0.uuid"}),
                "the most frequent of all": kept(status="all", sort="count", limit=10),
                "no status": kept(400, status="forgotten"),
            },
        ),
        routes.of_project(
            "/error_groups/{uuid}",
            "read_error_group",
            "errors:read",
            groups.one,
            gives=wire.WholeGroup,
            found="The group, with its last day and its newest occurrence.",
            summary="Read an error group",
            examples={"one of those before": kept(uuid="{{read_group}}"), "none": kept(404, uuid=_UNKNOWN)},
        ),
        routes.of_project(
            "/monitors",
            "read_monitors",
            "monitors:read",
            monitors.every,
            gives=wire.Monitors,
            found="By slug and environment.",
            summary="List monitors",
            parameters=(Parameter("state", str, f"One of {', '.join(monitors.STATES)}."), ENVIRONMENT),
            examples={"all": kept(), "no state": kept(400, state="asleep")},
        ),
        routes.of_project(
            "/deployments",
            "read_deployments",
            "projects:read",
            monitors.every_deployment,
            gives=wire.Deployments,
            found="A page, newest first.",
            summary="List deployments",
            parameters=(ENVIRONMENT, SINCE, UNTIL, LIMIT, CURSOR),
            examples={"all": kept(), "a cursor of another list": kept(400, cursor="AAAAAAAAAAAAAAAAAAAAAAAA")},
        ),
    ]
