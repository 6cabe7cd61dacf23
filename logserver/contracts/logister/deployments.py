"""Deployments as the contract sends them."""

import re
from typing import Any

from msgspec.structs import astuple

from logserver.contracts.logister import bounds
from logserver.contracts.logister.fields import enveloped, humanize, is_blank, read_fields
from logserver.contracts.logister.refusals import Unprocessable
from logserver.contracts.logister.wire import DeploymentFields
from logserver.core.deployments import Deployment
from logserver.core.times import read_time

_COMMIT = re.compile(r"[0-9a-f]{7,40}", re.ASCII)
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", re.ASCII)
_ADDRESS = re.compile(r"(?:https?://[^/\s]+/|git@[^:\s]+:)(.+?)(?:\.git)?/?", re.ASCII)
_LINK = re.compile(r"https?://[^\s/]", re.IGNORECASE)
_NUMBER = re.compile(r"#?\d{1,40}", re.ASCII)
_DETAILS = (
    "branch",
    "pull_request_number",
    "pull_request_url",
    "release_tag",
    "release_url",
    "compare_url",
    "workflow_run_url",
    "deployment_url",
)


def read(payload: Any, *, size: int, environment: str) -> Deployment:
    """The deployment of an envelope; raises Malformed, TooLarge, and Unprocessable with everything wrong."""
    sent = enveloped(payload, "deployment")
    bounds.check_size(size)
    fields, rest, errors = read_fields(sent, DeploymentFields)
    bounds.measure(rest)
    bounds.check_strings(astuple(fields))
    errors.extend(
        f"{name} can't be blank"
        for name, value in (
            ("Release", fields.release),
            ("Repository", fields.repository),
            ("Commit sha", fields.commit_sha),
        )
        if is_blank(value)
    )
    commit = (fields.commit_sha or "").strip().lower()
    if commit and not _COMMIT.fullmatch(commit):
        errors.append("Commit sha must be 7 to 40 hexadecimal characters")
    repository = (fields.repository or "").strip()
    if address := _ADDRESS.fullmatch(repository):
        repository = address[1]
    if repository and not _REPOSITORY.fullmatch(repository):
        errors.append("Repository must look like owner/name")
    deployed = read_time(fields.deployed_at)
    if fields.deployed_at is not None and deployed is None:
        errors.append("Deployed at is no time")
    # These are shown as links, so nothing but the web may stand in them.
    errors.extend(
        f"{humanize(name)} must be an http or https address"
        for name in _DETAILS
        if name.endswith("_url") and not _LINK.match(getattr(fields, name) or "https://-")
    )
    number = fields.pull_request_number
    if number is not None and not _NUMBER.fullmatch(str(number)):
        errors.append("Pull request number must be a number")
    if errors:
        raise Unprocessable(errors)
    details = {name: value for name in _DETAILS if (value := getattr(fields, name)) is not None}
    return Deployment(
        release=(fields.release or "").strip(),
        environment=(fields.environment or "").strip() or environment,
        repository=repository,
        commit_sha=commit,
        deployed_at=deployed // 1000 if deployed is not None else None,
        details=details | rest,
    )
