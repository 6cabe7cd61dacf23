import pytest

from tests.cli.conftest import Shell


def test_a_tier_is_made_changed_listed_and_removed(shop: Shell) -> None:
    assert shop.json("project", "tiers", "shop") == []
    made = shop.json("project", "tiers", "shop", "--set", "support", "--fields", "action, actor.name,action")
    assert made == {"name": "support", "fields": ["action", "actor.name"]}
    result = shop("project", "tiers", "shop", "--set", "billing", "--fields", "metadata.plan")
    assert (result.stdout, result.stderr) == ("", "tier billing of project shop shows metadata.plan\n")
    assert [tier["name"] for tier in shop.json("project", "tiers", "shop")] == ["billing", "support"]
    assert shop("project", "tiers", "shop").stdout.splitlines() == [
        "TIER     SHOWS",
        "billing  metadata.plan",
        "support  action, actor.name",
    ]
    shop("project", "tiers", "shop", "--set", "support", "--fields", "id")
    assert "removed tier billing" in shop("project", "tiers", "shop", "--remove", "billing").stderr
    assert shop.json("project", "tiers", "shop") == [{"name": "support", "fields": ["id"]}]


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (1, "nope"),
        (1, "nope --set a --fields id"),
        (1, "shop --remove a"),
        (1, "shop --set a --fields actors"),
        (1, "shop --set a --fields id,"),
        (1, "shop --set -a --fields id"),
        (2, ""),
        (2, "shop --set a"),
        (2, "shop --fields id"),
        (2, "shop --set a --fields id --remove a"),
    ],
)
def test_failing_is_one_and_wrong_usage_two(shop: Shell, code: int, arguments: str) -> None:
    result = shop("project", "tiers", *arguments.split(), code=code)
    assert not result.stdout
    assert "Error: " in result.stderr
    assert shop.json("project", "tiers", "shop") == []
