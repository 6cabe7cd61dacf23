"""A project's name, retention, archiving and restoring."""

from typing import Any

import pytest

from logserver.core import projects
from logserver.core.projects import Project
from logserver.store.database import snapshot
from tests.contracts.logister.sending import EVENTS, event
from tests.serving import Server
from tests.web.browsing import Visitor, signed_in, text_of

SETTINGS = "/p/shop/settings"


def stored(server: Server) -> Project:
    with snapshot(server.folder) as tx:
        return projects.by_slug(tx, "shop")


def fields(**changed: Any) -> dict[str, Any]:
    return {"name": "Web shop", "retention_days": "90", "audit_retention_days": "", **changed}


def test_name_and_retention_are_changed(server: Server, owner: Visitor) -> None:
    answer = owner.post(SETTINGS, fields(audit_retention_days="365"))
    assert "Saved." in text_of(owner.follow(answer))
    now = stored(server)
    assert (now.name, now.slug, now.retention_days, now.audit_retention_days) == ("Web shop", "shop", 90, 365)
    owner.post(SETTINGS, fields())
    assert stored(server).audit_retention_days is None
    assert 'value="Web shop"' in owner.get(SETTINGS).text


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"retention_days": ""}, "retention_days"),
        ({"retention_days": "0"}, "retention_days"),
        ({"retention_days": "1.5"}, "retention_days"),
        ({"retention_days": "-1"}, "retention_days"),
        ({"retention_days": "9" * 30}, "retention_days"),
        ({"audit_retention_days": "36501"}, "audit_retention_days"),
        ({"audit_retention_days": "\u0663"}, "audit_retention_days"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_changes(
    server: Server, shop: Project, owner: Visitor, changed: dict[str, str], field: str
) -> None:
    answer = owner.post(SETTINGS, fields(**changed))
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    assert stored(server) == shop


def test_an_archived_project_takes_nothing_until_it_is_restored_with_a_new_token(
    server: Server, owner: Visitor
) -> None:
    token = server.token(stored(server))
    assert server.post(EVENTS, event(), token).status_code == 201
    owner.get(SETTINGS)
    assert "tick the box" in text_of(owner.follow(owner.post(f"{SETTINGS}/archive")))
    assert server.post(EVENTS, event(), token).status_code == 201
    answer = owner.follow(owner.post(f"{SETTINGS}/archive", sure="on"))
    assert "Archived" in text_of(answer)
    assert "Restore" in text_of(answer)
    assert server.post(EVENTS, event(), token).status_code == 401
    assert "New token" not in text_of(owner.get(f"{SETTINGS}/tokens"))
    assert owner.post(f"{SETTINGS}/tokens", name="late", kind="project", spelling="pk_").status_code == 422
    assert "New token" in text_of(owner.follow(owner.post(f"{SETTINGS}/restore")))
    assert server.post(EVENTS, event(), token).status_code == 401
    assert stored(server).archived_at is None


def test_the_servers_own_project_stays_open(server: Server) -> None:
    admin = signed_in(server)
    server.administer(projects.ensure_own, server.clock.now_ms())
    assert "Archive this project" not in text_of(admin.get("/p/logserver/settings"))
    assert admin.post("/p/logserver/settings/archive", sure="on").status_code == 422
