"""What is made of the reports on dependencies: none that was not made passes for one that found nothing."""

import runpy
from pathlib import Path
from typing import Any

import pytest

AUDIT = Path(__file__).parents[1] / ".ci" / "audit"
SKIPPED = {"name": "b", "skip_reason": "not found"}
FINE = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}


@pytest.mark.parametrize(
    ("reports", "code", "said"),
    [
        (
            {"pypi": None, "osv": None},
            0,
            ["NOT AUDITED: no service that knows of vulnerabilities can be asked from here"],
        ),
        (
            {"pypi": [SKIPPED], "osv": None},
            0,
            ["NOT AUDITED: no service that knows of vulnerabilities can be asked from here"],
        ),
        ({"pypi": [FINE, SKIPPED]}, 0, ["1 packages looked up, none with a known vulnerability", "NOT AUDITED: b"]),
        ({"pypi": [FINE]}, 0, ["1 packages looked up, none with a known vulnerability"]),
        ({"pypi": [FINE], "osv": [BAD]}, 1, ["VULNERABLE: 1 in 1 packages", "a 1: PYSEC-1 (osv); mended in 2"]),
    ],
)
def test_what_is_said_of_reports(reports: dict[str, Any], code: int, said: list[str]) -> None:
    assert runpy.run_path(str(AUDIT))["verdict"](reports) == (code, said)
