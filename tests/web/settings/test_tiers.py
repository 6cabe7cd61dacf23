"""What viewer tokens of a tier show."""

from typing import Any

import pytest

from logserver.core import tiers
from logserver.core.projects import Project
from tests.serving import Server
from tests.web.browsing import Visitor, text_of

TIERS = "/p/shop/settings/tiers"


def test_a_tier_is_made_shown_changed_and_removed(server: Server, shop: Project, owner: Visitor) -> None:
    answer = owner.post(
        TIERS, {"name": "basic", "fields": ["action", "occurred_at"], "inner": "actor.name,\n context.ip_address"}
    )
    page = owner.follow(answer)
    assert "action, occurred_at, actor.name, context.ip_address" in text_of(page)
    form = owner.get(TIERS, tier="basic").text
    assert 'value="action" checked' in form
    assert 'value="actor.name, context.ip_address"' in form
    owner.post(TIERS, {"name": "basic", "fields": ["action"]})
    assert server.administer(tiers.read, shop, "basic").fields == ("action",)
    owner.post(f"{TIERS}/basic/remove")
    assert server.administer(tiers.every, shop) == []
    assert owner.post(f"{TIERS}/basic/remove").status_code == 404
    assert owner.get(TIERS, tier="nothing").status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "", "fields": ["action"]},
        {"name": "a b", "fields": ["action"]},
        {"name": "basic"},
        {"name": "basic", "fields": ["password"]},
        {"name": "basic", "inner": "action.name"},
        {"name": "basic", "inner": ",".join(f"metadata.{n}" for n in range(101))},
    ],
)
def test_what_is_wrong_is_said(server: Server, shop: Project, owner: Visitor, fields: dict[str, Any]) -> None:
    answer = owner.post(TIERS, fields)
    assert answer.status_code == 422
    assert 'class="wrong"' in answer.text
    assert server.administer(tiers.every, shop) == []
