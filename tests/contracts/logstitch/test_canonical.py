import hashlib
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logserver.contracts.logstitch.canonical import canonical
from logserver.contracts.logstitch.links import BEGINNING, content_hash

# Control characters, what JSON escapes, what sorts otherwise by UTF-16 than by code points, and private use.
texts = st.text(st.characters(exclude_categories=["Cs"])) | st.text('\x00\x08\t\n\x1f "\\/\x7fé\ue000\uffff😀\u2028')
integers = st.integers(-(2**53) + 1, 2**53 - 1)
scalars = st.none() | st.booleans() | integers | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=20
)
objects = st.dictionaries(texts, values, max_size=6)


@settings(max_examples=300)
@given(objects)
@example({})
@example({"": {}, "a": [], "b": [{}]})
@example({"a": -0.0, "b": 1e21, "c": 1e-7, "d": 5e-324, "e": 100.0, "f": 1e16})
@example({"\ue000": 1, "😀": 2, "z": 3})
@example({"A": 1, "a": 2, "aa": 3, "B": 4, "_": 5})
def test_it_is_what_rfc_8785_says(value: dict[str, Any]) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(objects)
def test_what_was_stored_and_read_has_the_same_bytes(value: dict[str, Any]) -> None:
    again = msgspec.json.decode(msgspec.json.encode(value))
    assert canonical(again) == canonical(value)


@pytest.mark.parametrize("number", [2**53, -(2**53), 10**30])
def test_larger_integers_have_no_canonical_form_with_a_float_beside_them(number: int) -> None:
    with pytest.raises(ValueError, match="exceeds"):
        canonical({"n": number, "f": 0.5})


def test_the_hash_is_the_one_that_is_documented() -> None:
    event = {"b": "é", "a": [1, 2.50]}
    text = f"{'0' * 64}\n".encode() + '{"a":[1,2.5],"b":"é"}'.encode()
    assert content_hash(BEGINNING, event) == hashlib.sha256(text).digest()
