"""How agents are called: names by id, and ids by name."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from logserver.store.tx import Tx


class Named(NamedTuple):
    """What an agent is called, and the number of the project in which its data lands."""

    name: str
    project: int


def of(tx: Tx, agent_ids: Iterable[str]) -> dict[str, Named]:
    """By UUID; those that are not there are left out."""
    rows = tx.execute(
        "SELECT uuid, name, project FROM agents WHERE uuid IN (SELECT value FROM json_each(?)) ORDER BY name",
        (_array(agent_ids),),
    )
    return {agent_id: Named(name, project) for agent_id, name, project in rows}


def ids(tx: Tx, names: Iterable[str]) -> dict[str, str]:
    """The UUIDs of agents by their names; names that no agent has are left out."""
    return dict(
        tx.execute("SELECT name, uuid FROM agents WHERE name IN (SELECT value FROM json_each(?))", (_array(names),))
    )


def _array(values: Iterable[str]) -> str:
    return msgspec.json.encode(list(values)).decode()
