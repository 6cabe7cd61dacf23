"""Requests that are refused, with a text in them that must not be repeated."""

from typing import Any

from tests.nowhere import Secret
from tests.whole import telling
from tests.whole.talking import API, Talk, part


def at_the_door(talk: Talk, token: str, text: str) -> None:
    """In headers, most of which nobody reads."""
    plain = text.encode("ascii", "ignore").decode().replace("\n", " ")
    for header in ("Authorization", "X-Api-Key"):
        assert talk.ask("GET", f"{API}/events", headers={header: plain}).status == 401
    named = (
        "X-Request-Id",
        "User-Agent",
        "X-Forwarded-For",
        "Idempotency-Key",
        "Referer",
        "Origin",
        "Cookie",
        "Accept",
    )
    assert talk.ask("GET", f"{API}/events", token, headers=dict.fromkeys(named, plain)).status == 200
    encoded = {"Content-Type": plain, "Content-Encoding": plain}
    assert talk.ask("POST", f"{API}/events", token, b"{}", encoded).status == 415
    assert talk.ask("POST", f"{API}/ingest_events/batch", token, b"{}", {"Content-Type": plain}).status == 415


def with_nowhere_to_go(talk: Talk, token: str, text: str) -> None:
    """In paths of which some have a route and none leads anywhere."""
    name = part(text)
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"):
        for path in (
            "",
            "events/",
            "ingest_events/",
            "alerts/rules/",
            "alerts/",
            "redaction/",
            "redaction/rules/",
            "keys/",
        ):
            said = talk.ask(method, f"{API}/{path}{name}", token, {"name": text} if method != "GET" else None)
            assert said.status in {401, 403, 404, 405, 409, 422}, (method, path, said)
        for path in (f"/{name}", f"/docs/{name}", f"/api/{name}/{name}", f"{API}/streams/{name}/info"):
            # What is no claim token is told so, until there were too many.
            assert talk.ask(method, path, token).status in {404, 405, 422, 429}
    preflight = {"Origin": "https://x.test", "Access-Control-Request-Method": "POST"}
    assert talk.ask("OPTIONS", f"{API}/{name}", headers=preflight).status < 300


def as_an_administrator(talk: Talk, master: str, project: str, text: str) -> None:
    """In values that are none of those that may be."""
    in_shop = f"?project_id={project}"
    alarm = {"name": "n", "action_pattern": "*", "threshold": 1, "window_seconds": 60, "severity": "low"}
    alarm |= {"group_by": "actor_id"}
    wrong: list[tuple[str, str, Any]] = [
        ("POST", "/redaction/rules", {"type": text, "name": "n", "pattern": "a"}),
        ("POST", "/redaction/rules", {"type": "pattern", "name": "n", "pattern": "a", "behavior": text}),
        ("POST", "/redaction/rules", {"type": "pattern", "name": "n", "pattern": f"({text}"}),
        ("POST", "/redaction/rules", {"type": "field_redact", "name": "n", "fields": [f"{text}..a"]}),
        ("POST", "/redaction/rules", {"type": "field_redact", "name": "n", "fields": text}),
        ("PUT", "/redaction/rules/builtin_ssn", {"behavior": text}),
        ("PUT", "/redaction/rules/builtin_ssn", {"enabled": text}),
        ("PUT", "/redaction/rules/builtin_ssn", {"name": text, "pattern": text}),
        ("POST", "/redaction/test", {"event": text}),
        ("POST", "/redaction/test", {"event": [text]}),
        ("POST", "/redaction/test", {"event": {"tenant_id": text}}),
        ("POST", "/redaction/test", {text: text}),
        *[
            ("POST", "/alerts/rules", alarm | {name: text})
            for name in ("threshold", "window_seconds", "group_by", "severity", "cooldown_seconds", "type", "enabled")
        ],
        ("PATCH", "/alerts/rules/builtin_auth_brute_force", {"cooldown_seconds": text}),
        ("PATCH", "/alerts/rules/builtin_auth_brute_force", {"name": text}),
        ("POST", "/alerts/webhooks", {"url": f"ftp://{text}"}),
        ("POST", "/alerts/webhooks", {"url": f"https://{text} /"}),
        ("POST", "/alerts/webhooks", {"url": "https://x.test/", "events": [text]}),
        ("POST", "/alerts/webhooks", {"url": "https://x.test/", "enabled": text}),
        ("POST", "/keys", {"name": "n", "type": text}),
        ("POST", "/keys", {"name": "n", "mode": text}),
        ("POST", "/keys", {"name": [text], text: text}),
    ]
    for method, path, body in wrong:
        said = talk.ask(method, f"{API}{path}{in_shop}", master, body)
        assert said.status == 422, (method, path, body, said)
    for path in ("/events", "/alerts/rules", "/alerts/webhooks", "/redaction/rules", "/redaction/test", "/keys"):
        said = talk.ask("POST", API + path, master, {"project_id": text, "event": {}, "name": "n", **alarm})
        assert said.status in {404, 422}, (path, said)
        assert talk.ask("POST", API + path, master, {"project_id": {text: text}}).status == 400
    assert talk.ask("POST", f"{API}/events", master, [{"project_id": text}]).status in {400, 422}


def with_a_mobile_token(talk: Talk, token: str, secret: Secret) -> None:
    """Where it contradicts what a token is bound to, and in what one is to be bound to."""
    usual = {"platform": "ios", "service": "app", "environment": "beta", "release": "1", "session_id": "s"}
    bound = talk.post("/mobile_ingest_tokens", token, {"mobile_ingest_token": usual}, 201)["token"]
    assert talk.ask("POST", f"{API}/ingest_events", bound, telling.telemetry(secret, "log")).status == 422
    assert talk.ask("POST", f"{API}/check_ins", bound, telling.check_in(secret)).status == 422
    for name in usual:
        said = talk.ask(
            "POST", f"{API}/mobile_ingest_tokens", token, {"mobile_ingest_token": usual | {name: f"at {secret.text}"}}
        )
        assert said.status == 422, said
    for name, value in (("allowed_event_types", [secret.text]), ("expires_in_seconds", secret.text)):
        body = {"mobile_ingest_token": usual | {name: value}}
        assert talk.ask("POST", f"{API}/mobile_ingest_tokens", token, body).status == 422
