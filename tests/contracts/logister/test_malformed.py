"""Bodies that cannot be read: refused as such at every door, with nothing written."""

import pytest

from tests.contracts.logister.sending import (
    BATCH,
    CHECK_INS,
    DEPLOYMENTS,
    EVENTS,
    MOBILE_TOKENS,
    NDJSON,
    Door,
    event,
    lines,
    uuid,
    written,
)
from tests.serving import Sender, Server

DEEP = 5_000

NO_JSON = {
    "empty": b"",
    "blank": b" \n ",
    "words": b"event_type=log&message=hello",
    "cut off": b'{"event": {"message": "hel',
    "two values": b"{} {}",
    "trailing comma": b'{"event": {"message": "m",}}',
    "single quotes": b"{'event': {}}",
    "BOM": b'\xef\xbb\xbf{"ROOT": {"message": "m"}}',
    "UTF-16": '{"ROOT": {"message": "m"}}'.encode("utf-16"),
    "NaN": b'{"ROOT": {"message": "m", "context": {"a": NaN}}}',
    "Infinity": b'{"ROOT": {"message": "m", "context": {"a": -Infinity}}}',
    "1e999": b'{"ROOT": {"message": "m", "context": {"a": 1e999}}}',
    "-1e999 beside context": b'{"ROOT": {"message": "m", "duration_ms": -1e999}}',
    "lone surrogate": b'{"ROOT": {"message": "a \\ud800 b"}}',
    "lone low surrogate": b'{"ROOT": {"message": "m", "context": {"a": "\\udc00"}}}',
    "surrogate in a key": b'{"ROOT": {"message": "m", "\\ud800": 1}}',
    "encoded surrogate": b'{"ROOT": {"message": "a \xed\xa0\x80 b"}}',
    "invalid UTF-8": b'{"ROOT": {"message": "\xff"}}',
    "overlong UTF-8": b'{"ROOT": {"message": "\xc0\xaf"}}',
    "invalid UTF-8 in a key": b'{"ROOT": {"message": "m", "context": {"\xff": 1}}}',
    "control character": b'{"ROOT": {"message": "a\nb\x01"}}',
    "leading zero": b'{"ROOT": {"duration_ms": 007}}',
    "endless integer": b'{"ROOT": {"message": "m", "context": {"a": ' + b"9" * 100_000 + b"}}}",
}

NO_ENVELOPE = {
    "nothing in it": b"{}",
    "array": b"[]",
    "array of envelopes": b'[{"ROOT": {"message": "m"}}]',
    "string": b'"ROOT"',
    "number": b"1",
    "true": b"true",
    "null": b"null",
    "another root": b'{"message": "m"}',
    "null envelope": b'{"ROOT": null}',
    "empty envelope": b'{"ROOT": {}}',
    "array envelope": b'{"ROOT": [{"message": "m"}]}',
    "string envelope": b'{"ROOT": "m"}',
    "zero envelope": b'{"ROOT": 0}',
    "capitalised root": b'{"Root": {"message": "m"}}',
}

NESTINGS = {
    "arrays": b"[" * DEEP + b"]" * DEEP,
    "objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "in the root": b'{"ROOT":' * DEEP + b"1" + b"}" * DEEP,
    "in the context": b'{"ROOT": {"message": "m", "context": {"a": ' + b"[" * DEEP + b"]" * DEEP + b"}}}",
    "beside the context": b'{"ROOT": {"message": "m", "a": ' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}}",
    "never closed": b"[" * DEEP,
}


def rooted(body: bytes, door: Door) -> bytes:
    return body.replace(b"ROOT", door.root.encode())


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON)
def test_what_is_no_json_is_400(server: Server, sender: Sender, door: Door, body: bytes) -> None:
    answer = server.post(door.path, rooted(body, door), sender.token, door.headers)
    assert answer.status_code == 400
    assert isinstance(answer.json()["error"], str)
    assert not written(server, sender.project)


@pytest.mark.parametrize("body", NO_ENVELOPE.values(), ids=NO_ENVELOPE)
def test_an_unusable_envelope_is_400(server: Server, sender: Sender, door: Door, body: bytes) -> None:
    answer = server.post(door.path, rooted(body, door), sender.token, door.headers)
    assert answer.status_code == 400
    if door.path != BATCH:
        assert answer.json()["error"] == f"param is missing or the value is empty: {door.root}"
    assert not written(server, sender.project)


@pytest.mark.parametrize("body", NESTINGS.values(), ids=NESTINGS)
def test_deep_nesting_is_refused(server: Server, sender: Sender, door: Door, body: bytes) -> None:
    answer = server.post(door.path, rooted(body, door), sender.token, door.headers)
    assert answer.status_code in {400, 413}
    assert not written(server, sender.project)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (EVENTS, b'{"EVENT": {"EVENT_TYPE": "log", "MESSAGE": "hello"}}'),
        (EVENTS, b'{"event": null, "EVENT": {"event_type": "log", "message": "hello"}}'),
        (EVENTS, b'{"event": {"event_type": "log", "message": "hello"}, "EVENT": {"event_type": "nope"}}'),
        (EVENTS, b'{"event": {"event_type": "log", "message": "hello"}, "api_version": 3}'),
        (EVENTS, b' \r\n\t{"event": {"event_type": "log", "message": "hello"}}\n '),
        (CHECK_INS, b'{"CHECK_IN": {"SLUG": "nightly"}}'),
        (DEPLOYMENTS, b'{"DEPLOYMENT": {"RELEASE": "1", "REPOSITORY": "a/b", "COMMIT_SHA": "abcdef1"}}'),
    ],
    ids=["EVENT", "EVENT beside null", "event wins", "more roots", "white space", "CHECK_IN", "DEPLOYMENT"],
)
def test_both_spellings_of_a_root_are_read(server: Server, sender: Sender, path: str, body: bytes) -> None:
    assert server.post(path, body, sender.token).status_code == 201


@pytest.mark.parametrize("kind", ["text/plain", "application/json; charset=utf-8", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("path", [EVENTS, CHECK_INS, DEPLOYMENTS, MOBILE_TOKENS])
def test_single_requests_are_json_whatever_they_call_themselves(
    server: Server, sender: Sender, path: str, kind: str
) -> None:
    answer = server.post(path, {"x": {}}, sender.token, {"Content-Type": kind})
    assert answer.status_code == 400


@pytest.mark.parametrize("root", ["event", "EVENT"])
def test_a_batch_reads_both_spellings(server: Server, sender: Sender, root: str) -> None:
    body = lines({root: event(uuid=uuid(1))["event"]})
    assert server.post(BATCH, body, sender.token, NDJSON).status_code == 202
