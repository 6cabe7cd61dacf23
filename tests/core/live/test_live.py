"""Live streams in memory: who is told what, when sessions end, and what slow watchers lose; the clock is turned."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logserver.core.faults import Conflict
from logserver.core.live import watching
from logserver.core.live.agent_links import REPLACED, Link
from logserver.core.live.live import MOST_OF_AGENT, MOST_OF_USER, MOST_PLACES, MOST_SESSIONS, Asked, Hub, Live
from logserver.core.live.watching import Ended, Ending, Lost, Store, Told, Watcher
from logserver.store.errors import StoreBusy
from tests.fakes import FakeClock

AGENT = "agent"


class Stage:
    """A hub and its clock, with what was woken."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.hub = Hub(clock, grace=10)
        self.woken = 0

    def begin(self, session: str = "s", *, agent: str = AGENT, user: str = "u", seconds: int = 300) -> Live:
        self.hub.begin(Asked(session, {}, 0), agent=agent, user=user, seconds=seconds)
        live = self.hub.find(session)
        assert live is not None
        return live

    def watch(self, live: Live) -> Watcher:
        return self.hub.watch(live, self._wake)

    def link(self, agent: str = AGENT) -> Link:
        link = Link(agent, self._wake)
        self.hub.links.attach(link)
        return link

    def push(self, line: str, *sessions: str) -> None:
        for receiver in self.hub.receivers(AGENT, sessions):
            receiver.push(line)

    def asked(self) -> list[str]:
        return [asked.id for asked in self.hub.asked_of(AGENT)]

    def pass_by(self, seconds: float) -> list[tuple[str, str]]:
        """Let time pass, and end what is due then."""
        self.clock.turn(seconds)
        due = self.hub.due()
        for session, reason in due:
            self.hub.end(session, reason)
        return due

    def was_woken(self) -> bool:
        """Whether anybody was, since this was last asked."""
        woken, self.woken = self.woken, 0
        return woken > 0

    def _wake(self) -> None:
        self.woken += 1


@pytest.fixture
def stage(clock: FakeClock) -> Stage:
    return Stage(clock)


def everything(watcher: Watcher) -> list[Told]:
    return list(taken(watcher))


def taken(watcher: Watcher) -> Iterator[Told]:
    while told := watcher.take(3):
        yield from told
        if isinstance(told[-1], Ended):
            return


def test_a_line_goes_to_all_who_watch_its_sessions_once(stage: Stage) -> None:
    first, second, other = stage.begin("1"), stage.begin("2"), stage.begin("3", agent="other")
    watchers = [stage.watch(first), stage.watch(first), stage.watch(second)]
    stranger = stage.watch(other)
    stage.push("line", "1", "2", "1", "3", "4")
    assert [everything(watcher) for watcher in watchers] == [["line"]] * 3
    assert everything(stranger) == []


def test_what_comes_before_the_first_watcher_waits_for_it(stage: Stage) -> None:
    live = stage.begin()
    stage.push("early", "s")
    assert everything(stage.watch(live)) == ["early"]
    assert everything(stage.watch(live)) == []


def test_a_session_ends_by_the_clock_after_a_warning(stage: Stage) -> None:
    live = stage.begin(seconds=60)
    watcher = stage.watch(live)
    assert stage.pass_by(29) == []
    assert everything(watcher) == []
    stage.was_woken()
    assert stage.pass_by(1) == []
    assert stage.was_woken()
    assert everything(watcher) == [Ending(30)]
    assert stage.pass_by(10) == []
    late = stage.watch(live)
    assert everything(late) == [Ending(20)]
    assert everything(watcher) == []
    stage.push("last", "s")
    assert stage.pass_by(20) == [("s", "timeout")]
    assert everything(watcher) == everything(late) == ["last", Ended("timeout")]
    assert stage.hub.find("s") is None


def test_a_session_that_has_ended_takes_no_lines(stage: Stage) -> None:
    live = stage.begin()
    watcher, sender = stage.watch(live), stage.hub.send_for(live, lambda: None)
    stage.hub.end("s", "stopped")
    stage.hub.end("s", "timeout")
    watcher.push("late")
    watcher.lose(1)
    watcher.warn(5)
    assert everything(watcher) == everything(sender) == [Ended("stopped")]
    stage.hub.leave(watcher)
    stage.hub.sent_for(live, sender)


def test_an_agent_is_told_while_someone_watches(stage: Stage) -> None:
    link = stage.link()
    assert stage.was_woken()
    live = stage.begin()
    assert stage.was_woken()
    assert stage.asked() == ["s"]
    stage.pass_by(29)
    assert stage.asked() == ["s"]
    stage.was_woken()
    stage.pass_by(1)
    assert stage.was_woken()
    assert stage.asked() == []
    watcher = stage.watch(live)
    assert stage.was_woken()
    assert stage.asked() == ["s"]
    stage.pass_by(100)
    assert stage.asked() == ["s"]
    stage.hub.leave(watcher)
    stage.pass_by(29)
    assert stage.asked() == ["s"]
    stage.pass_by(1)
    assert stage.asked() == []
    stage.hub.links.detach(link)


def test_an_agent_whose_connection_is_lost_has_a_grace(stage: Stage) -> None:
    link = stage.link()
    stage.begin()
    stage.hub.links.detach(link)
    assert stage.pass_by(9.9) == []
    assert stage.pass_by(0.1) == [("s", "agent_offline")]
    stage.begin()
    assert stage.pass_by(100) == []


@pytest.mark.parametrize("sign", ["heartbeat", "connection", "sender"])
def test_any_sign_of_life_ends_the_grace(stage: Stage, sign: str) -> None:
    link = stage.link()
    live = stage.begin()
    stage.hub.links.detach(link)
    stage.pass_by(9)
    if sign == "heartbeat":
        stage.hub.links.heard(AGENT)
    elif sign == "connection":
        stage.link()
    else:
        stage.hub.send_for(live, lambda: None)
    assert stage.pass_by(100) == []


def test_an_agent_is_gone_when_its_last_connection_is(stage: Stage) -> None:
    link, live = stage.link(), stage.begin()
    sender = stage.hub.send_for(live, lambda: None)
    stage.hub.links.detach(link)
    stage.hub.links.heard(AGENT)
    assert stage.pass_by(100) == []
    stage.hub.sent_for(live, sender)
    assert stage.pass_by(10) == [("s", "agent_offline")]


def test_a_newer_connection_takes_the_place_of_the_older(stage: Stage) -> None:
    older = stage.link()
    newer = stage.link()
    assert (older.over, newer.over) == (REPLACED, None)
    stage.hub.links.detach(older)
    assert stage.hub.links.connected(AGENT)
    stage.hub.links.detach(newer)
    assert not stage.hub.links.connected(AGENT)


def test_a_deleted_agent_takes_everything_of_it_along(stage: Stage) -> None:
    mine, other = stage.begin("mine"), stage.begin("other", agent="other")
    watcher, link = stage.watch(mine), stage.link()
    stage.hub.delete_agent(AGENT)
    stage.hub.delete_agent("nobody")
    assert everything(watcher) == [Ended("agent_deleted")]
    assert link.over == "agent_deleted"
    assert stage.hub.find("other") is other


def test_a_server_that_stops_ends_everything_and_begins_nothing(stage: Stage) -> None:
    live, link = stage.begin(), stage.link()
    stage.link("idle")
    watcher = stage.watch(live)
    stage.begin("unwatched")
    stage.hub.close()
    assert everything(watcher) == [Ended("server_shutdown")]
    assert link.over == "server_shutdown"
    with pytest.raises(StoreBusy):
        stage.hub.require_room(AGENT, "u")


def test_sessions_are_bounded(stage: Stage) -> None:
    for n in range(MOST_OF_USER):
        stage.hub.require_room("a", "u")
        stage.begin(f"u{n}", agent="a")
    with pytest.raises(Conflict, match="you have 50"):
        stage.hub.require_room("b", "u")
    for n in range(MOST_OF_AGENT - MOST_OF_USER):
        stage.hub.require_room("a", f"v{n}")
        stage.begin(f"v{n}", agent="a", user=f"v{n}")
    with pytest.raises(Conflict, match="the agent has 100"):
        stage.hub.require_room("a", "w")
    for n in range(MOST_SESSIONS - MOST_OF_AGENT):
        stage.hub.require_room(f"b{n}", f"b{n}")
        stage.begin(f"b{n}", agent=f"b{n}", user=f"b{n}")
    with pytest.raises(Conflict, match="there are 1000"):
        stage.hub.require_room("c", "c")


def test_places_are_bounded(stage: Stage) -> None:
    live = stage.begin()
    for _ in range(MOST_PLACES):
        live.require_place(live.watchers, "watchers")
        stage.watch(live)
    with pytest.raises(Conflict, match="50 watchers"):
        live.require_place(live.watchers, "watchers")


def test_what_a_watcher_leaves_behind_is_let_go() -> None:
    store = Store()
    watcher = Watcher("s", store)
    watcher.push("x" * 100)
    assert store.held == 100
    watcher.leave()
    assert store.held == 0


def test_where_all_hold_too_much_each_may_hold_little() -> None:
    store = Store(limit=100_000)
    greedy, late = Watcher("s", store), Watcher("s", store)
    for _ in range(100):
        greedy.push("x" * 2_000)
        late.push("y" * 2_000)
    assert store.held <= 100_000 + watching.SCANT_CHARACTERS
    late.push("newest")
    assert everything(late)[-1] == "newest"


@given(st.lists(st.one_of(st.integers(1, 400_000), st.sampled_from(["take", "lose"])), max_size=60))
def test_every_line_is_taken_in_order_or_counted_as_lost(steps: list[int | str]) -> None:
    store = Store()
    watcher = Watcher("s", store)
    sent = lost = told_lost = 0
    heard: list[int] = []
    for step in steps:
        if step == "lose":
            watcher.lose(2)
            lost += 2
        elif isinstance(step, int):
            watcher.push(f"{sent}:" + "x" * step)
            sent += 1
        told = watcher.take(1) if step == "take" else []
        told_lost += sum(each.lines for each in told if isinstance(each, Lost))
        heard += [int(each.partition(":")[0]) for each in told if isinstance(each, str)]
        assert store.held <= watching.MOST_CHARACTERS
    watcher.end("stopped")
    rest = everything(watcher)
    assert rest[-1] == Ended("stopped")
    told_lost += sum(each.lines for each in rest if isinstance(each, Lost))
    heard += [int(each.partition(":")[0]) for each in rest if isinstance(each, str)]
    assert heard == sorted(heard)
    assert len(heard) + told_lost == sent + lost
    assert store.held == 0


def test_a_watcher_holds_only_so_many_lines() -> None:
    watcher = Watcher("s", Store())
    for n in range(watching.MOST_LINES + 5):
        watcher.push(str(n))
    told = everything(watcher)
    assert told[:2] == [Lost(5), "5"]
    assert len(told) == watching.MOST_LINES + 1
