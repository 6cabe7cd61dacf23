#!/bin/sh
# One request of each kind. TOKEN is a project's token, URL the server (http://localhost:8080 if it is not set).
set -eu
: "${TOKEN:?make one with: logserver token create my-app --project my-app}"
URL=${URL:-http://localhost:8080}

send() { # send PATH BODY [OPTION ...]
    path=$1
    body=$2
    shift 2
    curl --silent --show-error --fail --header "Authorization: Bearer $TOKEN" \
        --header 'Content-Type: application/json' --data-binary "$body" "$@" "$URL$path"
    echo
}

uuid() {
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n' | sed 's/^\(.\{8\}\)\(.\{4\}\)\(.\{4\}\)\(.\{4\}\)/\1-\2-\3-\4-/'
}

# An error. Those with the same fingerprint, or else the same first line, are one group.
send /api/v1/ingest_events '{"event": {"event_type": "error", "level": "error", "message": "no such order",
    "fingerprint": "orders", "context": {"exception": {"class": "KeyError"}, "user_id": 42, "release": "2.1.0"}}}'

# A log line.
send /api/v1/ingest_events '{"event": {"event_type": "log", "level": "info", "message": "application booted",
    "context": {"service": "shop"}}}'

# A metric: the message is its name.
send /api/v1/ingest_events '{"event": {"event_type": "metric", "message": "queue.depth",
    "context": {"value": 17, "unit": "jobs"}}}'

# A transaction: a request or job from beginning to end.
send /api/v1/ingest_events '{"event": {"event_type": "transaction", "message": "POST /checkout", "duration_ms": 182.4,
    "transaction_name": "POST /checkout", "trace_id": "trace-1", "context": {"status_code": 201}}}'

# A span: one step of it. The ids make it one of its kind, so the same span again is a duplicate.
send /api/v1/ingest_events '{"event": {"event_type": "span", "name": "SELECT orders", "kind": "db", "duration_ms": 12,
    "trace_id": "trace-1", "span_id": "'"$(uuid)"'"}}'

# A check-in, as an event and in its short form.
send /api/v1/ingest_events '{"event": {"event_type": "check_in", "message": "hourly-sync",
    "check_in_slug": "hourly-sync", "check_in_status": "ok", "expected_interval_seconds": 3600}}'
send /api/v1/check_ins '{"check_in": {"slug": "nightly-backup", "status": "error", "duration_ms": 91000,
    "expected_interval_seconds": 86400}}'

# A deployment.
send /api/v1/deployments '{"deployment": {"release": "2.1.0", "environment": "production",
    "repository": "acme/shop", "commit_sha": "4f8c2d1a9b7e6c5d4a3b2c1d0e9f8a7b6c5d4e3f", "branch": "main"}}'

# A batch: one envelope a line, each with a uuid, all or none.
send /api/v1/ingest_events/batch '{"event": {"uuid": "'"$(uuid)"'", "event_type": "log", "message": "first of a batch"}}
{"event": {"uuid": "'"$(uuid)"'", "event_type": "log", "message": "second of a batch"}}' \
    --header 'Content-Type: application/x-ndjson'

# A short-lived token for a mobile app; it is in the answer.
send /api/v1/mobile_ingest_tokens '{"mobile_ingest_token": {"platform": "android", "service": "shop-app",
    "environment": "production", "expires_in_seconds": 900}}'
