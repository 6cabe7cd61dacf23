"""Rules of redaction, and their test bench."""

import re
from typing import Any

import pytest

from logserver.core import projects
from logserver.core.projects import Project
from logserver.core.redaction import rules
from tests.contracts.logister.sending import EVENTS, event
from tests.serving import Server
from tests.web.browsing import Visitor, text_of

REDACTION = "/p/shop/settings/redaction"
CARD = "4111 1111 1111 1111"


def fields(**changed: Any) -> dict[str, Any]:
    made = {"rule": "", "name": "employee", "type": "pattern", "pattern": "EMP-[0-9]{6}", "behavior": "mask"}
    return {**made, "enabled": "on", **changed}


def own(server: Server, shop: Project) -> list[rules.Rule]:
    return [rule for rule in server.administer(rules.every, shop.number) if rule.type != "builtin"]


def test_built_in_rules_are_switched_together(server: Server, shop: Project, owner: Visitor) -> None:
    owner.post(
        f"{REDACTION}/builtins", builtin_email_enabled="on", builtin_email_behavior="hash", builtin_jwt_enabled="on"
    )
    found = {rule.id: rule for rule in server.administer(rules.every, shop.number)}
    assert [rule_id for rule_id, rule in found.items() if rule.enabled] == ["builtin_email", "builtin_jwt"]
    assert found["builtin_email"].behavior == "hash"
    assert found["builtin_jwt"].behavior == "replace"
    assert owner.post(f"{REDACTION}/builtins", builtin_ssn_enabled="on", builtin_ssn_behavior="drop").status_code == 422


def test_rules_run_on_the_products_that_were_chosen(server: Server, shop: Project, owner: Visitor) -> None:
    token = server.token(shop)
    owner.post(f"{REDACTION}/dialects", dialects=["logister"])
    assert server.administer(projects.by_slug, "shop").redact_dialects == ("logister", "logstitch")
    server.post(EVENTS, event(message=f"paid with {CARD}"), token)
    assert server.event(shop).message == "paid with [REDACTED]"
    assert owner.post(f"{REDACTION}/dialects", dialects=["nonsense"]).status_code == 422


def test_a_rule_is_made_changed_and_deleted(server: Server, shop: Project, owner: Visitor) -> None:
    assert "The rule employee is saved" in text_of(owner.follow(owner.post(f"{REDACTION}/rules", fields())))
    [rule] = own(server, shop)
    assert (rule.name, rule.pattern, rule.behavior, rule.enabled) == ("employee", "EMP-[0-9]{6}", "mask", True)
    form = owner.get(REDACTION, rule=rule.id).text
    assert 'value="EMP-[0-9]{6}"' in form
    changed = fields(rule=rule.id, pattern="EMP-[0-9]{7}", behavior="hash")
    del changed["enabled"]
    owner.post(f"{REDACTION}/rules", changed)
    [rule] = own(server, shop)
    assert (rule.pattern, rule.behavior, rule.enabled) == ("EMP-[0-9]{7}", "hash", False)
    owner.post(f"{REDACTION}/rules/{rule.id}/delete")
    assert own(server, shop) == []
    assert owner.post(f"{REDACTION}/rules/{rule.id}/delete").status_code == 404
    assert owner.post(f"{REDACTION}/rules/builtin_jwt/delete").status_code == 409


def test_a_rule_of_fields_takes_a_path_a_line(server: Server, shop: Project, owner: Visitor) -> None:
    owner.post(
        f"{REDACTION}/rules", fields(type="field_redact", fields="context.password\r\n\r\nmetadata.*.pin, actor.email")
    )
    [rule] = own(server, shop)
    assert rule.fields == ("context.password", "metadata.*.pin", "actor.email")
    assert rule.pattern is None
    assert "context.password\nmetadata.*.pin\nactor.email</textarea>" in owner.get(REDACTION, rule=rule.id).text


@pytest.mark.parametrize(
    "changed",
    [
        {"name": ""},
        {"pattern": ""},
        {"pattern": "("},
        {"type": "nonsense"},
        {"type": "field_redact", "fields": ""},
        {"type": "field_redact", "fields": "a..b"},
        {"behavior": "drop"},
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(
    server: Server, shop: Project, owner: Visitor, changed: dict[str, str]
) -> None:
    answer = owner.post(f"{REDACTION}/rules", fields(**changed))
    assert answer.status_code == 422
    assert 'class="wrong"' in answer.text
    assert own(server, shop) == []


def tried(owner: Visitor, sample: str, **changed: Any) -> str:
    """What the bench says of a sample."""
    values = {"type": "pattern", "pattern": "", "behavior": "replace", "shape": "log", **changed}
    answer = owner.post(f"{REDACTION}/try", {**values, "sample": sample})
    found = re.search(r'<div id="trial"[^>]*>(.*?)</div>', answer.text, re.DOTALL)
    assert found is not None
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", found[1])).replace("&#34;", '"').strip()


@pytest.mark.parametrize(
    ("sample", "changed", "said"),
    [
        (f"paid with {CARD}", {}, ["paid with [REDACTED]", "credit_card", "message"]),
        ("nothing to see", {}, ["nothing to see", "No rule finds anything"]),
        ("I am EMP-123456", {"pattern": "EMP-[0-9]+", "behavior": "mask"}, ["I am ******3456", "this rule"]),
        ('{"a": {"pin": 7}}', {"type": "field_redact", "fields": "context.a.pin"}, ['"pin": "[REDACTED]"']),
        (f'{{"event": {{"message": "m", "context": {{"c": "{CARD}"}}}}}}', {}, ['"c": "[REDACTED]"', "context.c"]),
        (f'{{"metadata": {{"note": "{CARD}"}}}}', {"shape": "audit"}, ['"note": "[REDACTED]"', "metadata.note"]),
        (f'{{"tenant_id": "{CARD}"}}', {"shape": "audit"}, ["tenant_id: Must not hold"]),
        ("no object", {"shape": "audit"}, ["an audit event is a JSON object"]),
        ("", {}, ["paste a line"]),
        ("x" * 16_385, {}, ["must be at most 16,384"]),
        ('{"a":' * 30 + "1" + "}" * 30, {}, ["must be nested at most"]),
        ("[" * 10_000, {"shape": "audit"}, ["is a JSON object"]),
        ("<script>alert(1)</script>", {}, ["&lt;script&gt;"]),
    ],
)
def test_the_bench_shows_what_would_be_stored(
    server: Server, owner: Visitor, sample: str, changed: dict[str, Any], said: list[str]
) -> None:
    answer = tried(owner, sample, **changed)
    assert [words for words in said if words not in answer] == []
    assert (server.count("events"), server.count("redaction_rules")) == (0, 0)


def test_a_pattern_that_cannot_be_used_is_said_at_the_bench(owner: Visitor) -> None:
    answer = owner.post(f"{REDACTION}/try", type="pattern", pattern="(", behavior="replace", sample="x", shape="log")
    assert answer.status_code == 422
    assert "cannot be used" in text_of(answer)


def test_a_script_is_given_the_trial_alone(owner: Visitor) -> None:
    owner.headers["HX-Request"] = "true"
    answer = owner.post(f"{REDACTION}/try", type="pattern", pattern="", behavior="replace", sample=CARD, shape="log")
    assert (answer.status_code, "<html" in answer.text) == (200, False)
    assert "[REDACTED]" in answer.text
    answer = owner.post(f"{REDACTION}/try", type="pattern", pattern="(", behavior="replace", sample=CARD, shape="log")
    assert (answer.status_code, "cannot be used" in answer.text) == (200, True)


def test_a_trial_that_takes_too_long_is_given_up(owner: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logserver.web.settings.redaction.TRIAL_SECONDS", 0)
    answer = owner.post(f"{REDACTION}/try", type="pattern", pattern="", behavior="replace", sample=CARD, shape="log")
    assert answer.status_code == 422
    assert "this took longer than 0 seconds" in text_of(answer)
