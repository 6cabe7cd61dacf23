from typing import Any

import pytest
from starlette.testclient import TestClient

from logserver.api.postman import collection
from tests.api.runner import requests_of, script_of, send
from tests.api.sample import ENDPOINTS, PARCEL, app

COLLECTION = collection(ENDPOINTS, title="Parcels", base_url="https://post.example.com")
ITEMS = dict(requests_of(COLLECTION))


def test_it_says_what_it_is() -> None:
    assert COLLECTION["info"]["name"] == "Parcels"
    assert COLLECTION["info"]["schema"].endswith("/v2.1.0/collection.json")
    assert COLLECTION["auth"]["bearer"][0]["value"] == "{{token}}"
    assert [(variable["key"], variable["value"]) for variable in COLLECTION["variable"]] == [
        ("base_url", "https://post.example.com"),
        ("token", ""),
    ]


def test_each_tag_is_a_folder_and_each_example_a_request() -> None:
    assert [*ITEMS] == [
        "Parcels: A light parcel",
        "Parcels: One with a note",
        "Parcels: No parcel",
        "Parcels: No JSON",
        "Parcels: A weightless parcel",
        "Parcels: Send a parcel, without a credential",
        "Parcels: Two parcels",
        "Parcels: Parcels as JSON",
        "Parcels: Send parcels, without a credential",
        "Parcels: The seventh",
        "Parcels: One with a note of ours",
        "Parcels: One that is not",
        "Parcels: One parcel, without a credential",
        "Health: Is it alive?",
    ]


@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS.keys())
def test_each_request_is_answered_as_it_expects(item: dict[str, Any]) -> None:
    with TestClient(app()) as client:
        wanted, got, _ = send(client, item, "secret")
    assert got == wanted


def test_keys_that_must_be_new_are_new_each_time() -> None:
    raw = ITEMS["Parcels: Two parcels"]["request"]["body"]["raw"]
    assert raw.count('"uuid":"{{$guid}}"') == 2
    assert PARCEL["parcel"]["uuid"] not in raw
    with TestClient(app()) as client:
        assert send(client, ITEMS["Parcels: Two parcels"], "secret")[2] == {"accepted": 2}


def test_parameters_are_sent_when_required_or_asked_for() -> None:
    url = ITEMS["Parcels: The seventh"]["request"]["url"]
    assert url["raw"] == "{{base_url}}/api/v1/parcels/:number?unit=kg"
    assert [(pair["key"], pair.get("disabled", False)) for pair in url["query"]] == [
        ("unit", False),
        ("page", True),
    ]
    with TestClient(app()) as client:
        assert send(client, ITEMS["Parcels: One with a note of ours"], "secret")[2]["note"] == "hello there"


def test_a_script_checks_the_shape_of_the_answer() -> None:
    assert 'all.keys(["uuid","weight"])' in script_of(ITEMS["Parcels: The seventh"])
    assert 'all.keys(["errors"])' in script_of(ITEMS["Parcels: A weightless parcel"])
    assert "JSON" not in script_of(ITEMS["Health: Is it alive?"])


def test_of_several_shapes_only_what_they_share_is_checked() -> None:
    assert 'all.keys(["id"])' in script_of(ITEMS["Parcels: A light parcel"])


def test_a_script_checks_the_limit_where_it_is_declared() -> None:
    assert "X-RateLimit-Limit" in script_of(ITEMS["Parcels: A light parcel"])
    assert "X-RateLimit-Limit" not in script_of(ITEMS["Parcels: Two parcels"])
    assert "X-RateLimit-Limit" not in script_of(ITEMS["Parcels: No parcel"])
