"""The targets of the fuzzer with what they begin with, pieces of it, and all that they have ever failed on."""

from pathlib import Path

import pytest

from tests.fuzz.__main__ import NAMES
from tests.fuzz.targets import TARGETS

FOUND = Path(__file__).parent / "found"
ODD = (b"", b"\x00", b"\xff", b"\xed\xa0\x80", b"[" * 5_000, b'{"a":' * 5_000, b"1e999", b"-" * 5_000)


def inputs(name: str) -> list[bytes]:
    kept = sorted((FOUND / name).glob("*")) if (FOUND / name).exists() else []
    return [*TARGETS[name][1], *ODD, *(path.read_bytes() for path in kept)]


@pytest.mark.parametrize("name", TARGETS)
def test_it_ends_as_it_promises(name: str) -> None:
    function, seeds = TARGETS[name]
    for raw in inputs(name):
        function(raw)
    for seed in seeds:
        for at in range(0, len(seed), 3):
            function(seed[:at])
            function(seed[:at] + seed[at + 1 :])
            function(seed[:at] + b"\xff" + seed[at:])
            function(seed[:at] + b'"\\ud800"' + seed[at:])


def test_all_of_them_are_run() -> None:
    assert tuple(TARGETS) == NAMES


def test_what_was_found_belongs_to_a_target() -> None:
    assert {path.name for path in FOUND.glob("*") if path.is_dir()} <= set(TARGETS)
