"""Tokens are made, shown once and revoked."""

import re
from typing import Any

import pytest

from tests.contracts.logister.sending import EVENTS, event
from tests.serving import Server
from tests.web.browsing import Visitor, text_of

TOKENS = "/p/shop/settings/tokens"


def fields(**changed: Any) -> dict[str, Any]:
    return {"name": "web <server>", "kind": "project", "spelling": "logister_", "days": "", **changed}


def made(owner: Visitor, **changed: Any) -> str:
    answer = owner.post(TOKENS, fields(**changed))
    assert answer.status_code == 200, text_of(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    found = re.search(r'<pre id="secret"[^>]*>([^<]+)</pre>', answer.text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("spelling", ["logister_", "pk_", "ll_"])
def test_a_token_works_at_once_and_is_shown_once(server: Server, owner: Visitor, spelling: str) -> None:
    secret = made(owner, spelling=spelling)
    assert secret.startswith(spelling)
    assert server.post(EVENTS, event(), secret).status_code == 201
    page = owner.get(TOKENS)
    assert secret not in page.text
    assert secret[: len(spelling) + 4] in page.text
    assert "web <server>" in text_of(page)
    assert secret.encode() not in b"".join(path.read_bytes() for path in server.folder.iterdir() if path.is_file())


def test_a_token_ends_when_it_was_to(server: Server, owner: Visitor) -> None:
    secret = made(owner, days="2")
    assert server.post(EVENTS, event(), secret).status_code == 201
    server.clock.turn(2 * 86_400)
    assert server.post(EVENTS, event(), secret).status_code == 401


@pytest.mark.parametrize(
    ("sent", "held"),
    [
        (["events:read", "edge:metrics", "nonsense"], ["events:read"]),
        ([], ["projects:read", "events:read", "errors:read", "traces:read", "monitors:read", "metrics:read"]),
    ],
)
def test_a_read_token_has_the_scopes_that_were_ticked(
    server: Server, owner: Visitor, sent: list[str], held: list[str]
) -> None:
    secret = made(owner, kind="read", scopes=sent)
    assert secret.startswith("logister_cli_")
    [(scopes,)] = server.rows("SELECT scopes FROM tokens WHERE kind = 'read'")
    assert scopes == str(held).replace("'", '"').replace(" ", "")
    assert server.post(EVENTS, event(), secret).status_code == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\x07b"},
        {"kind": "master"},
        {"kind": "mobile"},
        {"spelling": "mk_"},
        {"days": "0"},
        {"days": "3651"},
        {"days": "soon"},
    ],
)
def test_no_token_is_made_of_what_breaks_a_rule(server: Server, owner: Visitor, changed: dict[str, str]) -> None:
    before = server.count("tokens")
    answer = owner.post(TOKENS, fields(**changed))
    assert answer.status_code == 422
    assert server.count("tokens") == before


def test_a_revoked_token_is_refused_at_once(server: Server, owner: Visitor) -> None:
    secret = made(owner)
    assert server.post(EVENTS, event(), secret).status_code == 201
    [(token_id,)] = server.rows("SELECT uuid FROM tokens WHERE name = 'web <server>'")
    assert "Revoked web <server>." in text_of(owner.follow(owner.post(f"{TOKENS}/{token_id}/revoke")))
    assert server.post(EVENTS, event(), secret).status_code == 401
    assert "Revoked or past their end: 1" in text_of(owner.get(TOKENS))


def test_a_token_of_another_project_is_not_theirs_to_revoke(server: Server, owner: Visitor) -> None:
    other = server.sender("other")
    [(token_id,)] = server.rows("SELECT uuid FROM tokens WHERE project = ?", other.project.number)
    assert owner.post(f"{TOKENS}/{token_id}/revoke").status_code == 404
    assert owner.post(f"{TOKENS}/nothing/revoke").status_code == 404
    assert server.post(EVENTS, event(), other.token).status_code == 201
