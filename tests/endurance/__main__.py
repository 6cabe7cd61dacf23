"""``python -m tests.endurance``: measures how much the server takes, loads it for long, floods it, and reports."""

import argparse
import resource
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.endurance import report
from tests.endurance.course import Course, run


def course_of(given: Sequence[str] | None, folder: Path | None = None) -> tuple[Course, argparse.Namespace]:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long to load it at 70 %% (30)")
    parser.add_argument("--share", type=float, default=0.7, help="of what it takes that is sent meanwhile (0.7)")
    parser.add_argument("--flood-seconds", type=float, default=30.0, help="how long to flood it (30)")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where the store is made")
    parser.add_argument("--seed", type=int, default=1, help="of what is sent (1)")
    parser.add_argument("--json", type=Path, help="where the figures are written")
    asked = parser.parse_args(given)
    if asked.minutes <= 0:
        parser.error("--minutes must be more than 0")
    course = Course(
        folder or asked.folder,
        steady_seconds=asked.minutes * 60,
        steady_share=asked.share,
        flood_seconds=asked.flood_seconds,
        seed=asked.seed,
    )
    return course, asked


def main(given: Sequence[str] | None = None) -> int:
    """Run the course; returns 1 where something went wrong that must not, whatever the figures are."""
    _, asked = course_of(given)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory(dir=asked.folder, prefix="endurance-") as name:
        course, _ = course_of(given, Path(name) / "data")
        made = run(course)
    print(report.text(made))
    for outcome in (made.steady, made.flood, made.after):
        for line in outcome.strange:
            print(f"  {line}", file=sys.stderr)
    return 1 if made.wrong() else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
