"""How a batch is labelled and packed."""

import gzip

import pytest

from tests.contracts.logister.sending import BATCH, DEPLOYMENTS, EVENTS, MIB, NDJSON, event, identified, lines, uuid
from tests.serving import Sender, Server

GZIP = NDJSON | {"Content-Encoding": "gzip"}


def padded(size: int) -> bytes:
    body = lines(*identified(1))
    return body + b"\n" * (size - len(body))


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "", "application/x-ndjsonx"])
def test_another_media_type_is_415(server: Server, sender: Sender, kind: str) -> None:
    answer = server.post(BATCH, lines(*identified(1)), sender.token, {"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_content_type")


@pytest.mark.parametrize("kind", ["application/x-ndjson; charset=utf-8", "Application/X-NDJSON", "application/ndjson"])
def test_the_media_type_is_read_as_one(server: Server, sender: Sender, kind: str) -> None:
    assert server.post(BATCH, lines(*identified(1)), sender.token, {"Content-Type": kind}).status_code == 202


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, br"])
def test_another_encoding_is_415(server: Server, sender: Sender, encoding: str) -> None:
    answer = server.post(BATCH, lines(*identified(1)), sender.token, NDJSON | {"Content-Encoding": encoding})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_encoding")


WHOLE = gzip.compress(lines(*identified(2)), mtime=0)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (lines(*identified(2)), "identity"),
        (WHOLE, "gzip"),
        (WHOLE, "GZIP"),
        (WHOLE, "x-gzip"),
        (gzip.compress(lines(*identified(1)) + b"\n") + gzip.compress(lines(event(uuid=uuid(2)))), "gzip"),
        (gzip.compress(b"") + WHOLE + gzip.compress(b""), "gzip"),
    ],
    ids=["identity", "gzip", "upper case", "x-gzip", "members", "empty members"],
)
def test_a_batch_may_be_packed(server: Server, sender: Sender, body: bytes, encoding: str) -> None:
    answer = server.post(BATCH, body, sender.token, NDJSON | {"Content-Encoding": encoding})
    assert (answer.status_code, len(server.events(sender.project))) == (202, 2)


@pytest.mark.parametrize(
    "body",
    [b"", b"no gzip", lines(*identified(2)), WHOLE[:-1], WHOLE[:-9], WHOLE[:10], WHOLE[:-8] + bytes(8), WHOLE + b"x"],
    ids=["nothing", "words", "plain", "no last byte", "cut", "header only", "wrong checksum", "rubbish behind"],
)
def test_damaged_gzip_is_400(server: Server, sender: Sender, body: bytes) -> None:
    answer = server.post(BATCH, body, sender.token, GZIP)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_gzip")
    assert not server.events(sender.project)


def test_eight_mebibytes_unpacked_are_the_limit(server: Server, sender: Sender) -> None:
    assert server.post(BATCH, gzip.compress(padded(8 * MIB)), sender.token, GZIP).status_code == 202
    answer = server.post(BATCH, gzip.compress(padded(8 * MIB + 1)), sender.token, GZIP)
    assert answer.status_code == 413
    body = answer.json()
    assert (body["code"], body["limit"], body["actual"]) == ("decompressed_bytes", 8 * MIB, 8 * MIB + 1)


@pytest.mark.parametrize("members", [1, 4], ids=["one member", "several members"])
def test_a_gzip_bomb_stops_at_the_limit(server: Server, sender: Sender, members: int) -> None:
    bomb = gzip.compress(bytes(64 * MIB // members), 1) * members
    answer = server.post(BATCH, bomb[: 2 * MIB], sender.token, GZIP)
    assert answer.json()["code"] == "decompressed_bytes"
    assert answer.json()["actual"] == 8 * MIB + 1


def test_a_single_request_may_be_packed_within_its_own_limit(server: Server, sender: Sender) -> None:
    packed = {"Content-Encoding": "gzip"}
    assert server.post(EVENTS, gzip.compress(lines(event())), sender.token, packed).status_code == 201
    answer = server.post(DEPLOYMENTS, gzip.compress(padded(2 * MIB + 1)), sender.token, packed)
    assert (answer.status_code, answer.json()["limit"]) == (413, 2 * MIB)
