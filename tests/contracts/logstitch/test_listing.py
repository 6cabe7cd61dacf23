"""GET /api/v1/events: every filter and any combination, against a model that knows no index; and paging."""

import random
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logserver.store import series
from tests.contracts.logstitch.asked import EVENTS, ask, event, problems
from tests.contracts.logstitch.trails import ago, fill, running, send
from tests.fakes import FakeClock
from tests.serving import Sender, Serve, Server

COUNT = 300
LONG = "long-" * 50
TENANTS = ["acme", "Acme", "ACME", "a", f"{LONG}1", f"{LONG}2", "a cme", "été", "tenant_id\x1fx", "a*"]
ACTORS = ["u1", "U1", "u 1", f"{LONG}a", f"{LONG}b", "\x00", "😀"]
ACTIONS = ["user.created", "user.deleted", "user.role.updated", "role.updated", "auth.failed", "auth.failed_twice"]
CATEGORIES = ["auth", "access", "mutation", "admin"]
ACTOR_TYPES = ["user", "api_key", "service"]
TARGETS = [None, ("doc", "d1"), ("doc", "D1"), ("Doc", "d1"), ("user", f"{LONG}t")]
# A phrase may go on from one text to the next, so none of these ends or begins a part of another.
WORDS = ["green", "River", "ÉTÉ", "x-ray", "foo_bar", "10.0.0.1", "user", "Ann", LONG]


class Listed(NamedTuple):
    """A project of some hundred events, and they themselves in the order in which they are listed."""

    server: Server
    sender: Sender
    events: list[dict[str, Any]]

    def __repr__(self) -> str:
        return "a project"


def made(chance: random.Random, server: Server) -> dict[str, Any]:
    """An event of small vocabularies, so that filters meet it; some fields have the names of others."""
    words = [chance.choice(WORDS) for _ in range(3)]
    seconds = chance.choice([0, 1, 60, 3_600, 86_400, 86_400 * chance.randrange(25)])
    sent = event(
        action=chance.choice(ACTIONS),
        category=chance.choice(CATEGORIES),
        actor={"id": chance.choice(ACTORS), "type": chance.choice(ACTOR_TYPES), "name": words[0]},
        tenant_id=chance.choice(TENANTS),
        metadata={"note": f"{words[1]} {words[2]}", "n": chance.randrange(9), "tenant_id": "acme"},
        occurred_at=ago(server, seconds),
    )
    if (target := chance.choice(TARGETS)) is not None:
        sent["target"] = {"type": target[0], "id": target[1]}
    if chance.random() < 0.2:
        # None of these makes an event what it is not.
        sent |= {
            "Action": "user.created",
            "actor.id": "u1",
            "actor.type": "user",
            "Tenant_ID": "acme",
            "category ": "auth",
        }
    if chance.random() < 0.2:
        sent["changes"] = [{"field": "x", "before": words[0], "after": {"deep": [words[1]]}}]
    if chance.random() < 0.2:
        sent["unknown"] = "unsearched"
    return sent


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listed]:
    chance = random.Random(7)  # noqa: S311 - the same events each time
    with running(
        tmp_path_factory.mktemp("listed") / "data", FakeClock(), public_api_rate_limit_requests=10**7
    ) as server:
        sender, stranger = server.sender(), server.sender()
        sent: list[dict[str, Any]] = []
        while len(sent) < COUNT:
            several = [made(chance, server) for _ in range(chance.randrange(1, 12))]
            ids = send(server, sender, *several)
            sent += [one | {"id": made_id} for one, made_id in zip(several, ids, strict=True)]
            send(server, stranger, *several)
            server.clock.turn(chance.choice([0, 0.001, 60]))
        in_order = sorted(enumerate(sent), key=lambda pair: (pair[1]["occurred_at"], pair[0]), reverse=True)
        yield Listed(server, sender, [one for _, one in in_order])


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def text_words(text: str) -> list[str]:
    """The words of a text: letters and digits, without case and accents."""
    plain = text.lower().replace("é", "e")
    return "".join(c if c.isalnum() else " " for c in plain).split()


def has(one: dict[str, Any], word: str) -> bool:
    """Whether the parts of a word stand one after the other in what is searched."""
    searched = [
        one["action"],
        *strings([one.get(name) for name in ("actor", "target", "context", "metadata", "changes")]),
    ]
    wanted = " ".join(text_words(word))
    return any(f" {wanted} " in f" {' '.join(text_words(text))} " for text in searched)


def fits(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern, by trying every way."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(fits(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and text[0] == pattern[0] and fits(pattern[1:], text[1:])


def wanted(one: dict[str, Any], asked: dict[str, str]) -> bool:
    """Whether an event is asked for, said as plainly as can be."""
    target = one.get("target", {})
    exact = {
        "tenant_id": one["tenant_id"],
        "actor_id": one["actor"]["id"],
        "actor_type": one["actor"]["type"],
        "category": one["category"],
        "target_id": target.get("id"),
        "target_type": target.get("type"),
    }
    if any(value != asked[name] for name, value in exact.items() if name in asked):
        return False
    happened = datetime.fromisoformat(one["occurred_at"])
    if "start_date" in asked and happened < datetime.fromisoformat(asked["start_date"]):
        return False
    if "end_date" in asked and happened > datetime.fromisoformat(asked["end_date"]):
        return False
    return fits(asked.get("action", "*"), one["action"]) and all(
        has(one, word) for word in asked.get("search", "").split()
    )


def walk(found: Listed, asked: dict[str, str], limits: list[int]) -> list[str]:
    """The ids of all pages, whose limits change from page to page."""
    ids: list[str] = []
    cursor: dict[str, str] = {}
    for turn in range(10_000):
        answer = ask(
            found.server, "GET", EVENTS, found.sender.token, **asked, **cursor, limit=limits[turn % len(limits)]
        )
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert len(body["events"]) <= limits[turn % len(limits)]
        ids += [each["id"] for each in body["events"]]
        assert body["has_more"] is (body["cursor"] is not None)
        if body["cursor"] is None:
            return ids
        cursor = {"cursor": body["cursor"]}
    raise AssertionError("the pages have no end")


times = st.integers(0, 86_400 * 26)
filters = st.fixed_dictionaries(
    {},
    optional={
        "tenant_id": st.sampled_from([*TENANTS, "nobody", LONG]),
        "actor_id": st.sampled_from([*ACTORS, "nobody"]),
        "actor_type": st.sampled_from([*ACTOR_TYPES, "system"]),
        "action": st.sampled_from(
            [*ACTIONS, "*", "user.*", "*.updated", "*role*", "u*r.c*d", "auth.failed*", "**", "User.*", "user", "*x*"]
        ),
        "category": st.sampled_from([*CATEGORIES, "security"]),
        "target_id": st.sampled_from(["d1", "D1", f"{LONG}t", "x"]),
        "target_type": st.sampled_from(["doc", "Doc", "user", "DOC"]),
        "start_date": times,
        "end_date": times,
        "search": st.lists(
            st.sampled_from(
                [*WORDS, "green river", "user.created", "ann", "unsearched", "RAY", "d1", "nowhere", "doc"]
            ),
            min_size=1,
            max_size=2,
            unique=True,
        ).map(" ".join),
    },
)


@settings(max_examples=150, deadline=None)
@given(asked=filters, limits=st.lists(st.sampled_from([2, 7, 50, 99, 100]), min_size=1, max_size=3))
def test_pages_agree_with_a_model(listed: Listed, asked: dict[str, Any], limits: list[int]) -> None:
    for name in ("start_date", "end_date"):
        if name in asked:
            asked[name] = ago(listed.server, asked[name])
    assert walk(listed, asked, limits) == [one["id"] for one in listed.events if wanted(one, asked)]


@pytest.mark.parametrize(
    "asked",
    [
        *({"tenant_id": value} for value in TENANTS),
        *({"actor_id": value} for value in ACTORS),
        *({"actor_type": value} for value in ACTOR_TYPES),
        *({"action": value} for value in (*ACTIONS, "user.*", "*", "*.updated")),
        *({"category": value} for value in CATEGORIES),
        *({"target_id": value} for value in ("d1", "D1", f"{LONG}t")),
        *({"target_type": value} for value in ("doc", "Doc")),
        *({"search": value} for value in (*WORDS, "green x-ray")),
    ],
    ids=lambda asked: "=".join(*asked.items())[:30].encode("ascii", "backslashreplace").decode(),
)
def test_every_filter_finds_by_itself(listed: Listed, asked: dict[str, str]) -> None:
    expected = [one["id"] for one in listed.events if wanted(one, asked)]
    assert expected
    assert walk(listed, asked, [37]) == expected


def test_an_empty_value_is_no_filter(listed: Listed) -> None:
    names = ("actor_id", "action", "category", "search", "start_date", "limit", "cursor")
    answer = ask(listed.server, "GET", EVENTS, listed.sender.token, **dict.fromkeys(names, ""))
    assert [each["id"] for each in answer.json()["events"]] == [one["id"] for one in listed.events[:50]]


def test_an_empty_tenant_is_not_every_tenant(listed: Listed) -> None:
    answer = ask(listed.server, "GET", EVENTS, listed.sender.token, tenant_id="")
    assert (answer.status_code, answer.json()["error"]["details"][0]["field"]) == (422, "tenant_id")


def test_bounds_of_time_are_inclusive(server: Server, sender: Sender) -> None:
    moments = [
        f"2026-09-{day}T{time}Z" for day in (19, 20) for time in ("00:00:00.000", "12:00:00.500", "23:59:59.999")
    ]
    for moment in moments:
        send(server, sender, event(occurred_at=moment))

    def found(**query: str) -> list[str]:
        answer = ask(server, "GET", EVENTS, sender.token, **query)
        assert answer.status_code == 200, answer.text
        return [each["occurred_at"] for each in answer.json()["events"]][::-1]

    assert found(start_date=moments[1]) == moments[1:]
    assert found(end_date=moments[1]) == moments[:2]
    assert found(start_date=moments[1], end_date=moments[1]) == [moments[1]]
    assert found(start_date="2026-09-19T12:00:00.5001Z", end_date="2026-09-19T23:59:59.9989Z") == []
    assert found(start_date="2026-09-20") == moments[3:]
    assert found(end_date="2026-09-19") == moments[:3]
    assert found(start_date="2026-09-20", end_date="2026-09-20") == moments[3:]
    assert found(start_date="2026-09-19T14:00:00.500+02:00", end_date="2026-09-19T12:00:00.500Z") == [moments[1]]
    assert found(start_date="1789819200") == moments[1:]
    assert found(start_date="2026-09-20", end_date="2026-09-19") == []
    assert found(start_date="0001-01-01", end_date="9999-12-31") == moments
    plus = server.client.get(
        f"{EVENTS}?start_date=2026-09-19T14:00:00.500+02:00", headers={"Authorization": f"Bearer {sender.token}"}
    )
    assert len(plus.json()["events"]) == 5  # an offset that was not escaped


@pytest.mark.parametrize("moment", ["2019-12-31T23:59:59Z", "2031-01-01T00:00:00Z"])
def test_a_time_that_cannot_be_is_shown_but_found_by_its_arrival(server: Server, sender: Sender, moment: str) -> None:
    (before,) = send(server, sender, event(occurred_at=ago(server, 60)))
    (odd,) = send(server, sender, event(occurred_at=moment))
    (after,) = send(server, sender, event())
    found = ask(server, "GET", EVENTS, sender.token).json()["events"]
    assert [each["id"] for each in found] == [after, odd, before]
    assert found[1]["occurred_at"] == moment.replace("Z", ".000Z")
    assert ids_of(ask(server, "GET", EVENTS, sender.token, start_date=moment[:10], end_date=moment[:10])) == []
    assert ids_of(ask(server, "GET", EVENTS, sender.token, start_date=ago(server, 1))) == [after, odd]


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"limit": "0"}, ["limit"]),
        ({"limit": "101"}, ["limit"]),
        ({"limit": "-1"}, ["limit"]),
        ({"limit": "x"}, ["limit"]),
        ({"limit": "1.5"}, ["limit"]),
        ({"limit": "9" * 30}, ["limit"]),
        ({"start_date": "yesterday"}, ["start_date"]),
        ({"end_date": "2026-13-01"}, ["end_date"]),
        ({"category": "other"}, ["category"]),
        ({"actor_type": "robot"}, ["actor_type"]),
        ({"tenant_id": " "}, ["tenant_id"]),
        ({"tenant_id": "t" * 256}, ["tenant_id"]),
        ({"action": "a" * 129}, ["action"]),
        ({"search": "..."}, ["search"]),
        ({"search": "_"}, ["search"]),
        ({"search": "a\x00b"}, ["search"]),
        ({"search": "x" * 501}, ["search"]),
        ({"limit": "0", "category": "x", "start_date": "x"}, ["start_date", "limit", "category"]),
    ],
)
def test_a_value_out_of_range_names_the_parameter(
    server: Server, sender: Sender, query: dict[str, str], fields: list[str]
) -> None:
    answer = ask(server, "GET", EVENTS, sender.token, **query)
    assert sorted(problems(answer)) == sorted(fields)
    assert answer.json()["error"]["message"] == "Invalid query parameters"


@settings(max_examples=200, deadline=None)
@given(
    query=st.dictionaries(
        st.sampled_from(
            ["tenant_id", "actor_id", "action", "target_id", "target_type", "search", "start_date", "cursor", "limit"]
        ),
        st.text(max_size=30) | st.text('"*-:() \x00NOTANDR\ue0ffé', max_size=12),
    )
)
def test_whatever_is_asked_is_answered_or_refused(listed: Listed, query: dict[str, str]) -> None:
    encodable = {name: value.encode("utf-8", "replace") for name, value in query.items()}
    answer = ask(listed.server, "GET", EVENTS, listed.sender.token, **encodable)
    assert answer.status_code in {200, 400, 422}, answer.text


def ids_of(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["events"]]


def test_pages_neither_skip_nor_repeat_while_events_arrive(server: Server, sender: Sender) -> None:
    old = fill(server, sender, 10)
    first = ask(server, "GET", EVENTS, sender.token, limit=4)
    assert ids_of(first) == old[:5:-1]
    send(server, sender, event(occurred_at=ago(server, 2)), event())  # newer than where the page ended
    between = send(server, sender, event(occurred_at=ago(server, 5.5)))[0]  # older: between the fifth and sixth
    second = ask(server, "GET", EVENTS, sender.token, limit=3, cursor=first.json()["cursor"])
    third = ask(server, "GET", EVENTS, sender.token, limit=100, cursor=second.json()["cursor"])
    rest = ids_of(second) + ids_of(third)
    assert [each for each in rest if each != between] == old[5::-1]
    assert rest.count(between) == 1
    assert third.json()["cursor"] is None
    assert third.json()["has_more"] is False


def test_paging_goes_on_within_one_millisecond(server: Server, sender: Sender) -> None:
    time = ago(server, 1)
    ids = send(server, sender, *[event(occurred_at=time)] * 7)
    first = ask(server, "GET", EVENTS, sender.token, limit=3)
    late = send(server, sender, event(occurred_at=time))
    rest = ask(server, "GET", EVENTS, sender.token, cursor=first.json()["cursor"])
    assert ids_of(first) + ids_of(rest) == ids[::-1]
    assert late[0] not in ids_of(rest)


def test_a_cursor_is_of_its_list(server: Server) -> None:
    sender, other = server.sender(), server.sender()
    for each in (sender, other):
        fill(server, each, 5)
    first = ask(server, "GET", EVENTS, sender.token, limit=2, tenant_id="acme")
    cursor = first.json()["cursor"]
    assert len(ids_of(ask(server, "GET", EVENTS, sender.token, limit=1, tenant_id="acme", cursor=cursor))) == 1
    flipped = cursor[:5] + ("A" if cursor[5] != "A" else "B") + cursor[6:]
    for token, query in (
        (sender.token, {"cursor": cursor}),
        (sender.token, {"cursor": cursor, "tenant_id": "Acme"}),
        (sender.token, {"cursor": cursor, "tenant_id": "acme", "start_date": "2026-01-01"}),
        (sender.token, {"cursor": flipped, "tenant_id": "acme"}),
        (sender.token, {"cursor": "x", "tenant_id": "acme"}),
        (sender.token, {"cursor": "é" * 24, "tenant_id": "acme"}),
        (sender.token, {"cursor": cursor * 20, "tenant_id": "acme"}),
        (sender.token, {"cursor": " ", "tenant_id": "acme"}),
        (other.token, {"cursor": cursor, "tenant_id": "acme"}),
    ):
        answer = ask(server, "GET", EVENTS, token, **query)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")
    # What the list of actions says has changed meanwhile; the question has not.
    send(server, sender, event(action="some.thing_new"))
    assert ids_of(ask(server, "GET", EVENTS, sender.token, tenant_id="acme", cursor=cursor))


def test_a_page_without_events_has_the_same_shape(server: Server, sender: Sender) -> None:
    answer = ask(server, "GET", EVENTS, sender.token)
    assert answer.json() == {
        "events": [],
        "cursor": None,
        "has_more": False,
        "request_id": answer.headers["x-request-id"],
    }


def test_reading_needs_a_credential(server: Server) -> None:
    answer = ask(server, "GET", EVENTS, None)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


def test_more_kinds_of_event_than_are_remembered_are_found_all_the_same(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(series.BOUNDS, "audit", 3)
    server = serve()
    sender = server.sender()
    ids = [send(server, sender, event(action=f"item.n{n}", category="auth" if n % 2 else "admin"))[0] for n in range(8)]
    assert ids_of(ask(server, "GET", EVENTS, sender.token, action="item.n7")) == [ids[7]]
    assert ids_of(ask(server, "GET", EVENTS, sender.token, action="*.n*")) == ids[::-1]
    assert ids_of(ask(server, "GET", EVENTS, sender.token, category="admin")) == ids[-2::-2]
    assert ids_of(ask(server, "GET", EVENTS, sender.token, actor_type="user", action="item.*6")) == [ids[6]]


def test_an_event_of_very_many_fields_is_found_by_all_that_it_is(server: Server, sender: Sender) -> None:
    sent = event(
        **{f"k{n}": n for n in range(700)},
        metadata={f"m{n}": n for n in range(1_250)},
        target={"id": "t", "type": "doc"},
    )
    [made_id] = send(server, sender, dict(sorted(sent.items(), reverse=True)))
    for query in (
        {"tenant_id": "acme"},
        {"actor_id": "u1", "actor_type": "user"},
        {"action": "user.*", "category": "auth"},
        {"target_id": "t", "target_type": "doc"},
        {"search": "Ann"},
    ):
        assert ids_of(ask(server, "GET", EVENTS, sender.token, **query)) == [made_id], query
