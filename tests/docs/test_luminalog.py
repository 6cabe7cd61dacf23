"""What the README says of LuminaLog's clients, beside what is typed in its order."""

import re
import sys
from importlib.metadata import version
from typing import Any

from logserver.core import log_rates
from logserver.settings import Settings
from tests.docs.user import README_ADDRESS, User, blocks, readme, table
from tests.whole.agents import until
from tests.whole.talking import Talk

ENTRY = {"timestamp": "2026-11-21T09:30:00Z", "level": "info", "message": "one"}


def test_the_published_client_is_used_as_it_says(user: User) -> None:
    (block,) = [block for block in blocks("python") if "luminalog" in block]
    # It uses a function that later versions of Python warn of.
    program = f"token = {user.token()!r}\n" + block.replace(README_ADDRESS, user.server.base_url)
    said = user.runs(sys.executable, "-W", "ignore::DeprecationWarning", "-c", program)
    assert (said.stdout, said.stderr) == ("", "")
    (event,) = user.finds("user_id:user-123")
    assert (event["message"], event["context"]["environment"]) == ("user logged in", "production")


def test_without_a_flush_the_client_drops_what_is_queued(user: User) -> None:
    (block,) = [block for block in blocks("python") if "luminalog" in block]
    program = f"token = {user.token()!r}\n" + block.replace(README_ADDRESS, user.server.base_url)
    assert "log.flush()" in program
    user.runs(sys.executable, "-W", "ignore::DeprecationWarning", "-c", program.replace("flush", "shutdown"))
    assert user.finds() == []


def test_it_is_the_version_that_is_tested() -> None:
    ((_, package, _),) = [row for row in table("LuminaLog | Package") if "tested" in row[2]]
    assert package.startswith(f"luminalog-sdk` {'.'.join(version('luminalog-sdk').split('.')[:2])} ")


def test_the_limits_of_a_token_and_the_quota_of_a_project(user: User) -> None:
    (block,) = [block for block in blocks("sh") if "token set" in block]
    token, talk = user.token(), Talk(user.server)
    (usual,) = re.findall(r"A token has (\d+) requests a minute to `/v1/logs`, all of them at once", text())
    assert int(usual) == Settings.logs_rate_limit_per_minute == Settings.logs_rate_limit_burst < log_rates.MOST

    def sent() -> Any:
        return talk.ask("POST", "/v1/logs", token, {"logs": [ENTRY]})

    assert limit_of(sent()) == int(usual)
    user.types(block, TOKEN=token)
    (per_minute, burst, quota) = re.findall(r"--[a-z-]+ (\d+)", block)
    until(lambda: limit_of(sent()) in {int(per_minute), int(burst)}, user.server.log)
    assert f" of {int(quota):,} " in user.types("logserver project list")
    user.types("logserver project set my-app --monthly-bytes 1")
    assert (sent().status, sent().json()["error"]) == (429, "quota_exceeded")
    user.types("logserver project set my-app --unlimited-bytes")
    assert sent().status == 200


def text() -> str:
    return " ".join(readme().split())


def limit_of(said: Any) -> int:
    """What an answer says of the limit of its token."""
    (limit,) = re.findall(r"x-ratelimit-limit: (\d+)", said.raw.decode().lower())
    return int(limit)
