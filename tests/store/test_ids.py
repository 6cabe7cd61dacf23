import uuid

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from logserver.store.ids import (
    EPOCH_MS,
    LOCAL_MASK,
    MAX_MS,
    MAX_PROJECT,
    Parts,
    Spelling,
    id_ms,
    pack,
    project_range,
    ulid_bytes,
    ulid_text,
    unpack,
    uuid_text,
)
from tests.store.stored import SECRET, START

SPELLING = Spelling(SECRET)

projects = st.integers(1, MAX_PROJECT)
times = st.integers(EPOCH_MS, MAX_MS)
counters = st.integers(0, 1023)
parts = st.builds(Parts, projects, times, counters)
any_id = parts.map(lambda found: pack(*found))


@given(parts)
def test_an_id_says_what_it_was_packed_from(found: Parts) -> None:
    packed = pack(*found)
    assert unpack(packed) == found
    assert id_ms(packed) == found.ms
    assert 0 < packed < 2**63


@given(parts)
def test_the_legacy_id_is_exact_where_numbers_are_doubles(found: Parts) -> None:
    legacy = pack(*found) & LOCAL_MASK
    assert legacy < 2**51
    assert int(float(legacy)) == legacy


@given(parts, parts)
def test_ids_are_in_the_order_of_project_time_and_counter(one: Parts, other: Parts) -> None:
    assert (pack(*one) < pack(*other)) == (one < other)


@pytest.mark.parametrize("ms", [-1, 0, EPOCH_MS - 1, MAX_MS + 1, 2**63])
def test_times_beyond_the_clock_are_clamped_within_their_project(ms: int) -> None:
    assert unpack(pack(7, ms, 5)) == Parts(7, EPOCH_MS if ms < EPOCH_MS else MAX_MS, 5)


@given(parts)
def test_the_range_of_a_project_holds_its_ids_and_no_others(found: Parts) -> None:
    low, high = project_range(found.project)
    assert low <= pack(*found) <= high
    assert unpack(low - 1).project == found.project - 1
    assert unpack(high + 1).project == found.project + 1


@given(parts, projects, st.none() | times, st.none() | times)
def test_a_range_holds_its_first_millisecond_and_not_its_last(
    found: Parts, project: int, since: int | None, until: int | None
) -> None:
    low, high = project_range(project, since, until)
    wanted = found.project == project and (since is None or found.ms >= since) and (until is None or found.ms < until)
    assert (low <= pack(*found) <= high) == wanted


@pytest.mark.parametrize(("since", "until"), [(START, START), (START + 1, START), (None, 0), (MAX_MS, EPOCH_MS)])
def test_a_range_that_can_hold_nothing_is_empty(since: int | None, until: int | None) -> None:
    low, high = project_range(3, since, until)
    assert low > high


@given(any_id)
def test_an_id_is_spelled_as_a_uuid_of_version_7_and_read_back(packed: int) -> None:
    text = SPELLING.uuid(packed)
    found = uuid.UUID(text)
    assert (str(found), found.version, found.variant) == (text, 7, uuid.RFC_4122)
    assert found.int >> 80 == id_ms(packed)
    assert SPELLING.read(text) == packed
    assert SPELLING.read(text.upper()) == packed


@given(any_id, any_id)
def test_different_ids_have_different_spellings(one: int, other: int) -> None:
    assert (SPELLING.uuid(one) == SPELLING.uuid(other)) == (one == other)


@given(projects, st.lists(st.tuples(times, counters), min_size=2))
def test_spellings_of_a_project_are_in_the_order_of_its_ids(project: int, places: list[tuple[int, int]]) -> None:
    packed = [pack(project, ms, counter) for ms, counter in places]
    assert [SPELLING.read(text) for text in sorted(map(SPELLING.uuid, packed))] == sorted(packed)


@given(any_id, st.integers(1, 15))
def test_a_spelling_with_any_digit_changed_is_refused(packed: int, change: int) -> None:
    text = SPELLING.uuid(packed)
    for at, digit in enumerate(text):
        if digit != "-":
            forged = f"{text[:at]}{int(digit, 16) ^ change:x}{text[at + 1 :]}"
            assert SPELLING.read(forged) is None


@given(any_id, any_id)
def test_a_spelling_put_together_of_two_is_refused(one: int, other: int) -> None:
    first, second = SPELLING.uuid(one), SPELLING.uuid(other)
    for cut in (9, 14, 19, 24, 30):
        mixed = first[:cut] + second[cut:]
        assert SPELLING.read(mixed) == {first: one, second: other}.get(mixed)


@given(any_id, st.binary(min_size=32, max_size=32))
def test_another_store_refuses_the_spelling(packed: int, secret: bytes) -> None:
    assume(secret != SECRET)
    assert Spelling(secret).read(SPELLING.uuid(packed)) is None


@given(any_id)
def test_only_the_canonical_form_is_a_spelling(packed: int) -> None:
    text = SPELLING.uuid(packed)
    for other in (
        text.replace("-", ""),
        f"{{{text}}}",
        f"urn:uuid:{text}",
        f" {text}",
        f"{text}\n",
        f"0x{text}",
        f"0{text}",
        f"+{text}",
        f"-{text}",
        text.replace("-", "_"),
        text[:-1],
        text.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
    ):
        assert SPELLING.read(other) is None, other


@given(st.text() | st.uuids().map(str) | st.text("0123456789abcdef-", max_size=80))
def test_what_the_store_did_not_spell_is_refused(text: str) -> None:
    assert SPELLING.read(text) is None


@given(st.binary(min_size=16, max_size=16))
def test_bytes_of_a_uuid_are_spelled_as_everyone_spells_them(raw: bytes) -> None:
    assert uuid_text(raw) == str(uuid.UUID(bytes=raw))


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_a_ulid_is_read_back_and_sorts_like_its_bytes(one: bytes, other: bytes) -> None:
    text = ulid_text(one)
    assert (len(text), text[0] <= "7", set(text) - set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")) == (26, True, set())
    assert ulid_bytes(text) == one
    assert (text < ulid_text(other)) == (one < other)


def test_a_ulid_begins_with_its_time() -> None:
    # The millisecond and the text of the specification's own example.
    assert ulid_text((1_469_918_176_385 << 80).to_bytes(16, "big")) == "01ARYZ6S41" + "0" * 16
    assert ulid_text(bytes([255] * 16)) == "7" + "Z" * 25


@given(st.text() | st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=25, max_size=27))
def test_what_is_read_as_a_ulid_is_spelled_the_same(text: str) -> None:
    raw = ulid_bytes(text)
    assert raw is None or ulid_text(raw) == text


@pytest.mark.parametrize(
    "text",
    ["", "8" + "0" * 25, "0" * 25, "0" * 27, "0" * 25 + "I", "0" * 25 + "u", "0" * 25 + "\u0660", " " + "0" * 25],
)
def test_what_is_no_ulid_is_none(text: str) -> None:
    assert ulid_bytes(text) is None
