#!/bin/sh
# Log lines in batches. TOKEN is a project's token, URL the server (http://localhost:8080 if it is not set). Every
# answer is JSON on one line.
set -eu
: "${TOKEN:?make one with: logserver token create my-app --project my-app --spelling ll_}"
URL=${URL:-http://localhost:8080}

send() { # send BODY [CURL OPTIONS]
    body=$1
    shift
    curl --silent --show-error --header 'Content-Type: application/json' --data-binary "$body" "$@" "$URL/v1/logs"
    echo
}

# Two entries, all or none. The second has an error, so it is grouped: with those of the same type, message (but for
# numbers and ids) and top frame.
send '{"logs": [
    {"timestamp": "2026-01-26T14:30:00.000Z", "level": "info", "message": "User logged in",
        "environment": "production", "metadata": {"user_id": "user-789", "method": "google-oauth"}},
    {"timestamp": "2026-01-26T14:30:05.000Z", "level": "error", "message": "Payment failed",
        "environment": "production", "metadata": {"order_id": "ORD-12345", "amount": 99.99},
        "error": {"type": "PaymentError", "message": "Insufficient funds for order 12345",
            "stack_trace": ["at processPayment (payment.ts:45)", "at checkout (checkout.ts:120)"]}}]}' \
    --header "X-Api-Key: $TOKEN"

# The key may stand in the body, as the product's clients have it. A panic is stored as fatal.
send '{"api_key": "'"$TOKEN"'", "logs": [
    {"timestamp": "2026-01-26T14:31:00Z", "level": "panic", "message": "The shop is on fire", "metadata": null}]}'

# A batch that breaks a rule is refused as a whole; the answer says where.
send '{"logs": [{"timestamp": "2026-01-26T14:32:00Z", "level": "loud", "message": "never stored"}]}' \
    --header "X-Api-Key: $TOKEN"
