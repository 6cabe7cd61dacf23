#!/bin/sh
# Runs a command and reports a check-in for it: ok or error, and how long it took.
#
#   check-in.sh SLUG EXPECTED_INTERVAL_SECONDS COMMAND [ARGUMENT ...]
#
# LOGSERVER_TOKEN is a project's token, LOGSERVER_URL the server (http://localhost:8080 if it is not set).
# The exit code is the command's, whether or not the report arrives.
set -u

if [ "$#" -lt 3 ]; then
    echo "usage: $0 SLUG EXPECTED_INTERVAL_SECONDS COMMAND [ARGUMENT ...]" >&2
    exit 2
fi
slug=$1
interval=$2
shift 2
case $slug in
'' | *[!A-Za-z0-9._-]*)
    echo "$0: a slug has letters, digits, dots, hyphens and underscores only: $slug" >&2
    exit 2
    ;;
esac
case $interval in
'' | *[!0-9]*)
    echo "$0: the interval is a number of seconds: $interval" >&2
    exit 2
    ;;
esac

begun=$(date +%s)
"$@"
code=$?
seconds=$(($(date +%s) - begun))

status=ok
if [ "$code" -ne 0 ]; then
    status=error
fi
# With a uuid of its own the report may be sent again and is stored once.
uuid=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n' | sed 's/^\(.\{8\}\)\(.\{4\}\)\(.\{4\}\)\(.\{4\}\)/\1-\2-\3-\4-/')

# The token goes through standard input: what is on a command line, everybody on the machine can read.
printf 'header = "Authorization: Bearer %s"\n' "${LOGSERVER_TOKEN:?}" |
    curl --config - --silent --show-error --fail --output /dev/null --max-time 20 --retry 3 \
        --header 'Content-Type: application/json' \
        --data "{\"check_in\": {\"slug\": \"$slug\", \"status\": \"$status\", \"uuid\": \"$uuid\",
            \"expected_interval_seconds\": $interval, \"duration_ms\": $((seconds * 1000)),
            \"exit_code\": $code}}" \
        "${LOGSERVER_URL:-http://localhost:8080}/api/v1/check_ins" ||
    echo "$0: the check-in of $slug was not reported" >&2
exit "$code"
