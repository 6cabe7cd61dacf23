"""Quotas, and the limits that admins give."""

from typing import Any

import pytest

from logserver.core import log_rates, projects
from logserver.core.projects import Project
from tests.contracts.logister.sending import EVENTS, event
from tests.serving import Server
from tests.web.browsing import Visitor, signed_in, text_of

LIMITS = "/p/shop/settings/limits"


def stored(server: Server) -> Project:
    return server.administer(projects.by_slug, "shop")


@pytest.mark.parametrize(
    ("sent", "held", "shown"),
    [(("1.5", "GB"), 1_500_000_000, ("1500", "MB")), (("10", "GB"), 10**10, ("10", "GB")), (("7", "B"), 7, ("7", "B"))],
)
def test_a_quota_is_set_by_its_owner_and_taken_away(
    server: Server, owner: Visitor, sent: tuple[str, str], held: int, shown: tuple[str, str]
) -> None:
    page = owner.follow(owner.post(f"{LIMITS}/quota", monthly_bytes=sent[0], monthly_bytes_unit=sent[1]))
    assert stored(server).monthly_bytes == held
    assert f'name="monthly_bytes" value="{shown[0]}"' in page.text
    assert f"<option selected>{shown[1]}</option>" in page.text
    owner.post(f"{LIMITS}/quota", monthly_bytes="", monthly_bytes_unit="GB")
    assert stored(server).monthly_bytes is None


@pytest.mark.parametrize("amount", ["0", "-1", "lots", "NaN", "1e400", "Infinity", "0.3", "9" * 40])
def test_a_quota_that_is_none_is_refused(server: Server, owner: Visitor, amount: str) -> None:
    answer = owner.post(f"{LIMITS}/quota", monthly_bytes=amount, monthly_bytes_unit="B")
    assert answer.status_code == 422
    assert 'id="monthly_bytes-wrong"' in answer.text
    assert owner.post(f"{LIMITS}/quota", monthly_bytes="1", monthly_bytes_unit="XB").status_code == 422
    assert stored(server).monthly_bytes is None


def test_a_quota_counts_what_was_sent(server: Server, shop: Project, owner: Visitor) -> None:
    body = {"logs": [{"timestamp": "2026-09-21T14:00:00Z", "level": "info", "message": "m", "environment": "e"}]}
    assert server.post("/v1/logs", body, server.token(shop)).status_code == 200
    assert "This month 0 B" not in text_of(owner.get(LIMITS))


def test_an_admin_gives_a_project_another_rate_and_takes_it_back(server: Server, owner: Visitor) -> None:
    admin = signed_in(server)
    token = server.token(stored(server))
    admin.post(f"{LIMITS}/rate", rate_limit_requests="2", rate_limit_seconds="60")
    assert [server.post(EVENTS, event(), token).status_code for _ in range(3)] == [201, 201, 429]
    assert "2 requests to an endpoint in 60 s" in text_of(owner.get(LIMITS))
    admin.post(f"{LIMITS}/rate", rate_limit_requests="", rate_limit_seconds="")
    assert stored(server).rate_limit_requests is None


@pytest.mark.parametrize(
    ("requests", "seconds", "field"),
    [("5", "", "rate_limit_seconds"), ("", "5", "rate_limit_requests"), ("0", "5", "rate_limit_requests")],
)
@pytest.mark.usefixtures("shop")
def test_a_rate_that_is_none_is_refused(server: Server, requests: str, seconds: str, field: str) -> None:
    admin = signed_in(server)
    answer = admin.post(f"{LIMITS}/rate", rate_limit_requests=requests, rate_limit_seconds=seconds)
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text


@pytest.mark.usefixtures("shop")
def test_an_admin_gives_one_token_limits_of_its_own(server: Server) -> None:
    admin = signed_in(server)
    [(token_id,)] = server.rows("SELECT uuid FROM tokens")

    def give(**values: Any) -> int:
        return admin.post(f"{LIMITS}/token", {"token": token_id, **values}).status_code

    assert give(logs_per_minute="5", logs_burst="") == 303
    assert server.administer(log_rates.every) == {token_id: (5, None)}
    assert "as usual" in text_of(admin.get(LIMITS))
    assert give(logs_per_minute="0", logs_burst="2") == 422
    assert server.administer(log_rates.every) == {token_id: (5, None)}
    assert give(logs_per_minute="", logs_burst="") == 303
    assert server.administer(log_rates.every) == {}
    other = server.sender("other")
    [(foreign,)] = server.rows("SELECT uuid FROM tokens WHERE project = ?", other.project.number)
    assert give(token=foreign, logs_burst="1") == 404
