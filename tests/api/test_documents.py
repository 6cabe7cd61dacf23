import re
from pathlib import Path

import msgspec
import pytest
import yaml
from starlette.testclient import TestClient

import logserver.api
from logserver.api.openapi import document
from logserver.api.postman import collection
from tests.api.sample import ENDPOINTS, app

DOCUMENT = document(ENDPOINTS, title="Parcels", version="1.2.3", description="A post office.")
CLIENT = TestClient(app())
PATHS = ["/openapi.json", "/openapi.yaml", "/postman.json"]


def test_the_documents_are_those_of_the_endpoints() -> None:
    assert CLIENT.get("/openapi.json").json() == DOCUMENT
    assert yaml.safe_load(CLIENT.get("/openapi.yaml").content) == DOCUMENT
    made = collection(ENDPOINTS, title="Parcels", description="A post office.")
    assert CLIENT.get("/postman.json").json() == msgspec.json.decode(msgspec.json.encode(made))


def test_each_says_what_it_is() -> None:
    kinds = [CLIENT.get(path).headers["content-type"] for path in PATHS]
    assert kinds == ["application/json", "application/yaml", "application/json"]


@pytest.mark.parametrize("path", PATHS)
def test_one_who_has_it_is_not_sent_it_again(path: str) -> None:
    first = CLIENT.get(path)
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache"
    for held in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = CLIENT.get(path, headers={"If-None-Match": held})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert CLIENT.get(path, headers={"If-None-Match": '"other"'}).content == first.content


@pytest.mark.parametrize("path", [*PATHS, "/docs", "/docs/reference.js"])
def test_head_is_get_without_the_body(path: str) -> None:
    got, head = CLIENT.get(path), CLIENT.head(path)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == str(len(got.content))


def test_the_page_runs_only_scripts_of_this_server() -> None:
    page = CLIENT.get("/docs")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script>|<style|style=|\son\w+=|https?://", page.text)


def test_everything_the_page_names_is_served() -> None:
    named = re.findall(r'(?:href|src)="([^"]+)"', CLIENT.get("/docs").text)
    assert len(named) == 4
    for address in named:
        answer = CLIENT.get(f"/{address}")
        assert answer.status_code == 200, address
        assert answer.headers["cache-control"] == "no-cache"


def test_a_trailing_slash_leads_to_the_page() -> None:
    assert CLIENT.get("/docs/").text == CLIENT.get("/docs").text


def test_nothing_beside_the_page_is_served() -> None:
    assert CLIENT.get("/docs/../documents.py").status_code == 404
    assert CLIENT.get("/docs/%2e%2e/documents.py").status_code == 404
    assert CLIENT.get("/docs/swagger-ui").status_code == 404


def test_what_is_vendored_is_what_its_record_says() -> None:
    folder = Path(logserver.api.__file__).parent / "static" / "swagger-ui"
    record = (folder / "VENDORED.md").read_text()
    names = sorted(path.name for path in folder.iterdir() if path.name != "VENDORED.md")
    assert sorted(re.findall(r"^\| `([^`]+)`", record, re.MULTILINE)) == names
