#!/bin/sh
# The audit trail: sent, read, redacted, watched. TOKEN is a project's token, MASTER a master key, URL the server
# (http://localhost:8080 if it is not set), PROJECT the project's name, where there are several.
set -eu
: "${TOKEN:?make one with: logserver token create my-app --project my-app}"
: "${MASTER:?make one with: logserver token create admin --kind master}"
URL=${URL:-http://localhost:8080}
NAMED=${PROJECT:+?project_id=$PROJECT}

ask() { # ask METHOD PATH TOKEN [BODY]
    curl --silent --show-error --fail --request "$1" --header "Authorization: Bearer $3" \
        --header 'Content-Type: application/json' ${4:+--data-binary "$4"} "$URL$2"
    echo
}

# A rule of redaction of one's own, and one that is built in but off at first. They hold for the next event.
ask POST "/api/v1/redaction/rules$NAMED" "$MASTER" '{"type": "pattern", "name": "staff numbers",
    "pattern": "EMP-[0-9]{6}", "behavior": "mask"}'
ask PUT "/api/v1/redaction/rules/builtin_email$NAMED" "$MASTER" '{"enabled": true, "behavior": "hash"}'

# What they would make of an event. Nothing is stored.
ask POST /api/v1/redaction/test "$TOKEN" '{"event": {"metadata": {"note": "EMP-123456 wrote to ann@acme.example"}}}'

# An alert, once one actor has had two refunds within ten minutes.
ask POST "/api/v1/alerts/rules$NAMED" "$MASTER" '{"name": "refunds", "action_pattern": "refund.*", "threshold": 2,
    "window_seconds": 600, "group_by": "actor_id", "severity": "high"}'

# Where alerts are sent. The secret in the answer is shown this once; it signs what is sent.
ask POST "/api/v1/alerts/webhooks$NAMED" "$MASTER" '{"url": "https://example.com/hooks/alerts", "enabled": false,
    "events": ["alert.triggered", "critical", "high"]}'

# An event. With an idempotency_key it can be sent again safely.
ask POST /api/v1/events "$TOKEN" '{"action": "user.signed_in", "category": "auth", "tenant_id": "acme_corp",
    "actor": {"id": "user_123", "type": "user", "name": "Ann"}, "context": {"ip_address": "203.0.113.7"},
    "idempotency_key": "sign-in-of-user_123"}'

# Several, all or none. The second is the one that rings.
ask POST /api/v1/events "$TOKEN" '[
    {"action": "refund.made", "category": "mutation", "tenant_id": "acme_corp",
        "actor": {"id": "user_123", "type": "user"}, "target": {"id": "order_1", "type": "order"},
        "metadata": {"note": "paid with 4111 1111 1111 1111", "by": "EMP-123456"}},
    {"action": "refund.made", "category": "mutation", "tenant_id": "acme_corp",
        "actor": {"id": "user_123", "type": "user"}, "target": {"id": "order_2", "type": "order"},
        "changes": [{"field": "refunded", "before": false, "after": true}]}]'

# Read them: refunds of one tenant, newest first. The cursor of an answer goes on from there.
ask GET '/api/v1/events?action=refund.*&tenant_id=acme_corp&limit=10' "$TOKEN"

# What rang.
ask GET '/api/v1/alerts?status=open' "$TOKEN"

# A stream needs no account: whoever makes up the token can have the events claimed by a project later.
STREAM=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n' |
    sed 's/^\(.\{8\}\)\(.\{4\}\).\(.\{3\}\).\(.\{3\}\)/\1-\2-4\3-8\4-/')
ask POST "/api/v1/streams/$STREAM/events" '' '{"action": "user.signed_up", "category": "auth",
    "actor": {"id": "user_456", "type": "user"}, "tenant_id": "acme_corp"}'
ask GET "/api/v1/streams/$STREAM/info" ''
ask POST "/api/v1/streams/claim$NAMED" "$MASTER" '{"claim_token": "'"$STREAM"'"}'
