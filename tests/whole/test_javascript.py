"""What the published JavaScript client of LogStitch does, done here: one event, ten in a bare array, its whole queue.

It joins its base URL without the slash at its end, sends Content-Type application/json over connections that it keeps,
sends ten events every five seconds, and its queue of up to 1,000 at once when it is told to flush.
"""

import http.client
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.whole.process import PATIENCE, Server, serving
from tests.whole.shell import create_token, found

QUEUE = 1_000
LIMIT = 100


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: dict[str, Any]


class Client:
    """Sends as that client does; each of its threads keeps a connection."""

    def __init__(self, base_url: str, key: str) -> None:
        base = urlsplit(base_url.removesuffix("/"))
        self._path = f"{base.path}/api/v1/events"
        self._address = base.netloc
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        self._of_thread = threading.local()
        self.connections: list[http.client.HTTPConnection] = []

    def send(self, events: dict[str, Any] | list[dict[str, Any]]) -> Answer:
        """POST one event, or a bare array of them."""
        connection = self._connection()
        connection.request("POST", self._path, json.dumps(events), self._headers)
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), json.loads(answer.read()))

    def close(self) -> None:
        for connection in self.connections:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        kept: http.client.HTTPConnection | None = getattr(self._of_thread, "connection", None)
        if kept is None:
            kept = http.client.HTTPConnection(self._address, timeout=PATIENCE)
            self._of_thread.connection = kept
            self.connections.append(kept)
        return kept


def event(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "action": "invoice.sent",
        "category": "mutation",
        "actor": {"id": "user_123", "type": "user", "name": "Ann"},
        "tenant_id": "acme_corp",
        "target": {"id": f"invoice_{number}", "type": "invoice"},
        "metadata": {"number": number, "amount": "12.50", "currency": "EUR"},
        **fields,
    }


def queue(count: int, first: int = 0, **fields: Any) -> list[dict[str, Any]]:
    return [event(first + number, **fields) for number in range(count)]


def numbers(server: Server) -> list[int]:
    return sorted(event.context["metadata"]["number"] for event in found(server.folder))


def accepted(answer: Answer, count: int) -> list[str]:
    """The ids of so many events that were stored."""
    assert answer.status == 201, answer.body
    assert answer.body.keys() == {"ids", "redacted_count", "request_id"}
    ids: list[str] = answer.body["ids"]
    assert len(set(ids)) == count
    assert all(each.startswith("evt_") and len(each) == 30 for each in ids)
    return ids


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("javascript")) as running:
        yield running
        assert " ERROR " not in running.log()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    made = Client(f"{server.base_url}/", create_token(server.folder))
    yield made
    made.close()


def test_one_event_ten_and_again_ten_over_one_connection(server: Server, client: Client) -> None:
    accepted(client.send(event(0)), 1)
    for first in range(1, 41, 10):
        answer = client.send(queue(10, first))
        accepted(answer, 10)
        assert answer.headers.get("Connection", "keep-alive") == "keep-alive"
    assert numbers(server) == list(range(41))
    assert len(client.connections) == 1


def test_ids_are_in_the_order_sent(server: Server, client: Client) -> None:
    ids = accepted(client.send(queue(10)), 10)
    again = client.send([event(99, idempotency_key="a"), *queue(8, 100), event(99, idempotency_key="a")])
    assert (again.status, again.body["ids"][0]) == (201, again.body["ids"][9])
    assert ids == sorted(ids)
    assert len(numbers(server)) == 19


def test_a_whole_queue_at_once_is_refused_with_the_limit_in_the_message(server: Server, client: Client) -> None:
    answer = client.send(queue(QUEUE))
    assert answer.status == 422
    assert answer.body["error"]["code"] == "validation_error"
    (detail,) = answer.body["error"]["details"]
    assert "array of 1 to 100" in detail["message"]
    assert numbers(server) == []
    accepted(client.send(queue(LIMIT)), LIMIT)
    assert len(client.connections) == 1
    assert client.send(queue(LIMIT + 1)).status == 422
    assert len(numbers(server)) == LIMIT


@pytest.fixture
def generous(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server set up for clients that send their whole queue."""
    with serving(tmp_path_factory.mktemp("generous"), "--audit-batch-limit", str(QUEUE)) as running:
        yield running
        assert " ERROR " not in running.log()


@pytest.fixture
def hasty(generous: Server) -> Iterator[Client]:
    made = Client(f"{generous.base_url}/", create_token(generous.folder))
    yield made
    made.close()


def test_with_the_setting_a_whole_queue_is_taken_at_once(generous: Server, hasty: Client) -> None:
    large = queue(QUEUE, note="x" * 1_500)
    assert 1_600_000 < len(json.dumps(large)) < 2 * 1024 * 1024
    accepted(hasty.send(large), QUEUE)
    assert numbers(generous) == list(range(QUEUE))
    refused = hasty.send(queue(QUEUE + 1))
    assert (refused.status, "1 to 1000" in str(refused.body["error"]["details"])) == (422, True)


def test_one_bad_event_of_a_whole_queue_is_named_and_refuses_it(generous: Server, hasty: Client) -> None:
    broken = queue(QUEUE)
    broken[737]["category"] = "unknown"
    answer = hasty.send(broken)
    assert (answer.status, [each["field"] for each in answer.body["error"]["details"]]) == (422, ["737.category"])
    assert numbers(generous) == []


def test_a_queue_that_is_too_large_for_a_body_is_refused_and_the_next_is_taken(generous: Server, hasty: Client) -> None:
    answer = hasty.send(queue(QUEUE, note="x" * 2_500))
    assert (answer.status, answer.body["error"]["code"]) == (413, "payload_too_large")
    accepted(hasty.send(queue(10)), 10)
    assert numbers(generous) == list(range(10))


def test_flushes_at_the_same_time_are_all_taken(generous: Server, hasty: Client) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda each: hasty.send(queue(250, each * 250)), range(24)))
    ids = {each for answer in answers for each in accepted(answer, 250)}
    assert len(ids) == 6_000
    assert numbers(generous) == list(range(6_000))
    assert len(hasty.connections) <= 8
