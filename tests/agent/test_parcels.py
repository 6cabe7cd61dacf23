import gzip
import json
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from logserver.agent.parcels import MOST_BYTES, MOST_CHARACTERS, MOST_LINES, Gathering, Parcel
from logserver.core.lines.lines import LogLine

SEED = UUID("0b3f2f0e-6b8e-4f0a-9a3e-3f3f3f3f3f3f")


def line(message: str) -> LogLine:
    return LogLine("/var/log/x", message, message, "", None, {})


def unpacked(parcel: Parcel | None) -> list[dict[str, object]]:
    assert parcel is not None
    logs: list[dict[str, object]] = json.loads(gzip.decompress(parcel.data))["logs"]
    assert len(logs) == parcel.items
    return logs


def test_a_parcel_is_full_after_so_many_lines() -> None:
    gathering = Gathering(SEED)
    parcels = [gathering.add(line("x"), "f", n, 0) for n in range(MOST_LINES)]
    assert parcels[:-1] == [None] * (MOST_LINES - 1)
    assert len(unpacked(parcels[-1])) == MOST_LINES
    assert gathering.close() is None


def test_a_parcel_is_full_after_so_many_bytes() -> None:
    gathering = Gathering(SEED)
    parcels = [gathering.add(line("x" * 60_000), "f", n, 0) for n in range(40)]
    sizes = [len(gzip.decompress(parcel.data)) for parcel in parcels if parcel is not None]
    assert len(sizes) == 2
    assert all(MOST_BYTES <= size < MOST_BYTES + 70_000 for size in sizes)


def test_a_very_long_message_is_cut_and_says_so() -> None:
    gathering = Gathering(SEED)
    gathering.add(line("x" * (MOST_CHARACTERS + 1)), "f", 0, 0)
    [sent] = unpacked(gathering.close())
    assert sent["message"] == "x" * MOST_CHARACTERS
    assert sent["metadata"] == {"truncated": MOST_CHARACTERS + 1}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), unique=True))
def test_the_id_says_where_a_line_stands_and_nothing_else(where: list[tuple[str, int]]) -> None:
    first, second = Gathering(SEED), Gathering(SEED)
    for file, offset in where:
        first.add(line("now"), file, offset, 1)
    for file, offset in reversed(where):
        second.add(line("later"), file, offset, 2)
    if where:
        ids = [sent["id"] for sent in unpacked(first.close())]
        assert len(set(ids)) == len(where)
        assert [sent["id"] for sent in unpacked(second.close())] == ids[::-1]
