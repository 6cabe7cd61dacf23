import pytest

from logserver.core import projects, tiers
from logserver.core.faults import Invalid, NotFound
from logserver.core.projects import Project, generation
from logserver.store.tx import Tx
from tests.fakes import START_MS


def test_tiers_are_put_read_and_removed(tx: Tx, project: Project) -> None:
    other = projects.create(tx, slug="bank", now_ms=START_MS)
    tiers.put(tx, project, "support", ["action", "actor.name", "action"])
    tiers.put(tx, project, "Billing-2", ["metadata.plan"])
    assert [(tier.name, tier.fields) for tier in tiers.every(tx, project)] == [
        ("Billing-2", ("metadata.plan",)),
        ("support", ("action", "actor.name")),
    ]
    assert tiers.every(tx, other) == []
    tiers.put(tx, project, "support", ["category"])
    assert tiers.read(tx, project, "support").fields == ("category",)
    tiers.remove(tx, project, "support")
    for gone in (tiers.read, tiers.remove):
        with pytest.raises(NotFound):
            gone(tx, project, "support")
    with pytest.raises(NotFound):
        tiers.read(tx, other, "Billing-2")


def test_a_running_server_is_told_of_every_change(tx: Tx, project: Project) -> None:
    before = generation(tx)
    tiers.put(tx, project, "support", ["action"])
    assert generation(tx) == before + 1
    tiers.remove(tx, project, "support")
    assert generation(tx) == before + 2


@pytest.mark.parametrize(
    "field",
    [
        *("", "Action", " action", "actions", "ACTOR", "extra"),
        *("actor.", ".id", "actor.id.x", "changes.field", "action.x", "id.x", "tenant_id.x", "metadata. plan"),
        "metadata." + "k" * 256,
    ],
)
def test_what_is_no_field_is_refused(tx: Tx, project: Project, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        tiers.put(tx, project, "support", ["action", field])
    assert [name for name, _ in refused.value.problems] == ["fields"]
    assert tiers.every(tx, project) == []


@pytest.mark.parametrize("name", ["", "-a", "a b", "n" * 64, "ü", "a.b", "a\n"])
def test_a_name_is_plain(tx: Tx, project: Project, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        tiers.put(tx, project, name, ["action"])
    assert [field for field, _ in refused.value.problems] == ["tier"]


@pytest.mark.parametrize("count", [0, 101])
def test_a_tier_shows_one_to_a_hundred_fields(tx: Tx, project: Project, count: int) -> None:
    with pytest.raises(Invalid):
        tiers.put(tx, project, "support", [f"metadata.k{n}" for n in range(count)])
    assert len(tiers.put(tx, project, "support", [f"metadata.k{n}" for n in range(100)]).fields) == 100
