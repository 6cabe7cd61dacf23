import signal

import click
import pytest

from logserver.cli.entry import Record, as_line
from logserver.cli.output import clipped, columns_of, plain, size_text
from logserver.cli.patience import Patience
from logserver.core.records import record
from logserver.store.events import Event
from logserver.store.ids import Spelling
from tests.cli.stored import happened


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\tb\nc", "a b c"),
        ("\x1b[31mred\x9b", "\ufffd[31mred\ufffd"),
        ("\u202eturned\u2066", "\ufffdturned\ufffd"),
        ("世界 é 🙂", "世界 é 🙂"),
        ("\udcff", "\ufffd"),
    ],
)
def test_plain_text_has_nothing_a_terminal_obeys(text: str, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("世界世", 6, "世界世"),
        ("世界世", 5, "世界…"),
        ("世界世", 4, "世…"),
        ("e\u0301e\u0301", 2, "e\u0301e\u0301"),
        ("abc", 1, "…"),
    ],
)
def test_text_is_clipped_by_columns(text: str, columns: int, shown: str) -> None:
    assert clipped(text, columns) == shown
    assert columns_of(shown) <= columns


def shown_as(event: Event) -> Record:
    return record(event, "shop", Spelling(bytes(32)))


@pytest.mark.parametrize("columns", [10, 40, 60, 80, 120, 300])
def test_a_line_respects_the_width_of_the_terminal(columns: int) -> None:
    event = happened("a long message " * 5 + "世界" * 5, level="error", environment="production", user_id="世" * 20)
    whole = click.unstyle(as_line(shown_as(event), None))
    shown = click.unstyle(as_line(shown_as(event), columns))
    # Time, level and one sign that there is more are shown on the narrowest terminal.
    assert columns_of(shown) <= max(columns, len("2026-12-31T18:00:00.000Z error   ") + 1)
    assert whole.startswith(shown.rstrip("…"))


def test_a_level_has_a_colour() -> None:
    for level, code in (("critical", "\x1b[91m"), ("err", "\x1b[31m"), ("warning", "\x1b[33m"), ("odd", "\x1b[90m")):
        assert code in as_line(shown_as(happened("x", level=level)), None)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (3_400, "3.4 kB"), (180_224, "180 kB"), (84 * 10**9, "84 GB"), (2 * 10**12, "2 TB")],
)
def test_a_size_is_short(size: int, text: str) -> None:
    assert size_text(size) == text


def test_interrupting_once_is_a_wish_and_twice_an_order() -> None:
    patience = Patience(3_600)
    before = signal.getsignal(signal.SIGINT)
    with patience.listening():
        assert not patience.over()
        signal.raise_signal(signal.SIGINT)
        assert patience.over()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
