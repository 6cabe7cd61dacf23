"""What examples/faults.md says was tested is there."""

import re

from tests.endurance.__main__ import course_of
from tests.examples import EXAMPLES, ROOT


def test_every_test_and_variable_that_the_page_names_is_there() -> None:
    rows = [line for line in (EXAMPLES / "faults.md").read_text(encoding="utf-8").splitlines() if "`tests/" in line]
    assert len(rows) >= 8
    for row in rows:
        named = [ROOT / path for path in re.findall(r"`(tests/[a-z_/.]+)`", row)]
        assert named
        assert all(path.exists() for path in named), row
        text = "".join(path.read_text(encoding="utf-8") for path in named if path.is_file())
        for variable in re.findall(r"`(LOGSERVER_[A-Z_]+)`", row):
            assert variable in text, row


def test_a_long_run_is_what_the_page_says() -> None:
    course, _ = course_of([])
    assert (course.steady_seconds, course.steady_share, course.flood_share) == (1_800.0, 0.7, 3.0)
    assert course.flood_seconds == 30.0
