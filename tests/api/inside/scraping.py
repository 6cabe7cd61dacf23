"""What a scraper sees."""

from collections.abc import Mapping

from httpx2 import Response
from prometheus_client.parser import text_string_to_metric_families

from tests.serving import Server

PATH = "/metrics"
TOKEN = "what-only-the-scraper-knows"

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(text: str) -> Samples:
    """The samples of a text by name and labels; none is there twice."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found, key
            found[key] = sample.value
    return found


def of(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


def asked(server: Server, token: str | None = None, headers: Mapping[str, str] | None = None) -> Response:
    sent = dict(headers or {})
    if token is not None:
        sent["Authorization"] = f"Bearer {token}"
    return server.client.get(PATH, headers=sent)


def scraped(server: Server) -> Samples:
    answer = asked(server, TOKEN)
    assert answer.status_code == 200, answer.text
    return read(answer.text)
