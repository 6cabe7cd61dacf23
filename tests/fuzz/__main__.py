"""Coverage-guided fuzzing with atheris (`pip install '.[fuzz]'`): ``python -m tests.fuzz [TARGET]... [--seconds N]``.

Each target runs in a process of its own. What one fails on is kept in the folder that it says; to have it tried by
the tests ever after, put it into tests/fuzz/found/TARGET/.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

NAMES = (
    "logister",
    "logister_batch",
    "logister_check_in",
    "logister_deployment",
    "logstitch",
    "luminalog",
    "luminalog_key",
    "logfleet_points",
    "logfleet_rules",
    "logfleet_lines",
    "gzip",
    "query",
    "log_line",
    "line_filter",
    "redaction",
    "spellings",
)
"""Known without the targets, which are imported with instruments in them and only where they run."""

FOUND = Path(__file__).parent / "found"
_SLOWEST_SECONDS = 5
"""An input that takes longer is a failure as well."""

_MEGABYTES = 1_024


def main() -> None:
    """Run the targets that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[*NAMES, []], help="which to run; all of them if none is named")
    parser.add_argument("--seconds", type=int, default=60, help="how long each of them runs")
    parser.add_argument("--corpus", type=Path, help="folder to keep what was learned in, for the next time")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    folder = asked.corpus or Path(tempfile.mkdtemp(prefix="fuzz-"))
    if asked.here:
        _fuzz(asked.targets[0], asked.seconds, folder)
        return
    failed = []

    def run(name: str) -> tuple[str, subprocess.CompletedProcess[str]]:
        command = [sys.executable, "-m", "tests.fuzz", name, "--here", "--seconds", str(asked.seconds)]
        return name, subprocess.run(
            [*command, "--corpus", str(folder)], check=False, capture_output=True, text=True, errors="replace"
        )

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, done in pool.map(run, asked.targets or NAMES):
            print(f"{name:20} {'ok' if done.returncode == 0 else 'FAILED'}  {_runs(done.stderr)}", flush=True)
            if done.returncode != 0:
                failed.append(name)
                print(done.stdout[-4_000:], done.stderr[-4_000:], flush=True)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}; the inputs are in {folder}")


def _fuzz(name: str, seconds: int, folder: Path) -> None:
    """Run one target in this process, which ends with it."""
    import atheris  # noqa: PLC0415 - it is not there where nobody fuzzes, and what it watches is imported after it

    with atheris.instrument_imports(include=["logserver"]):
        from tests.fuzz.targets import TARGETS, vocabulary  # noqa: PLC0415 - as said above

    function, seeds = TARGETS[name]
    corpus = folder / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = folder / f"{name}.words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in vocabulary()), encoding="ascii")
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={_SLOWEST_SECONDS}",
        f"-rss_limit_mb={_MEGABYTES}",
        f"-dict={words}",
        f"-artifact_prefix={folder / name}-",
        "-print_final_stats=1",
    ]
    known = FOUND / name
    atheris.Setup([sys.argv[0], *options, str(corpus), *([str(known)] if known.exists() else [])], function)
    atheris.Fuzz()


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace('"', '\\"')


def _runs(said: str) -> str:
    """How much was tried, as the fuzzer says at its end."""
    lines = [line for line in said.splitlines() if line.startswith(("Done ", "stat::number_of_executed_units"))]
    return lines[-1].split("stat::")[-1] if lines else ""


if __name__ == "__main__":
    main()
