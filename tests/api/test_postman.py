from starlette.testclient import TestClient

from logserver.api.postman import collection
from tests.api.runner import Sent, requests_of, script_of, send
from tests.api.sample import ENDPOINTS, PARCEL, app

COLLECTION = collection(ENDPOINTS, title="Parcels", base_url="https://post.example.com")
ITEMS = dict(requests_of(COLLECTION))


def sent(*titles: str) -> Sent:
    """What the last of these requests, sent one after the other, brought."""
    variables = {"token": "secret", "master_key": "master"}
    with TestClient(app()) as client:
        return [send(client, COLLECTION, ITEMS[title], variables) for title in titles][-1]


def test_it_says_what_it_is() -> None:
    assert COLLECTION["info"]["name"] == "Parcels"
    assert COLLECTION["info"]["schema"].endswith("/v2.1.0/collection.json")
    assert COLLECTION["auth"]["bearer"][0]["value"] == "{{token}}"
    assert [(variable["key"], variable["value"]) for variable in COLLECTION["variable"]] == [
        ("base_url", "https://post.example.com"),
        ("token", ""),
        ("master_key", ""),
        ("edge_key", ""),
        ("user_token", ""),
        ("parcel", ""),
        ("forgotten", ""),
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
        "Parcels: The one with a note",
        "Parcels: The same again",
        "Parcels: Forget a parcel, without a credential",
        "Health: Is it alive?",
    ]


def test_each_request_is_answered_as_it_expects_in_their_order() -> None:
    variables = {"token": "secret", "master_key": "master"}
    with TestClient(app()) as client:
        answers = {title: send(client, COLLECTION, item, variables) for title, item in ITEMS.items()}
    assert {title: answer.got for title, answer in answers.items()} == {
        title: answer.wanted for title, answer in answers.items()
    }


def test_an_example_that_is_only_shown_is_no_request() -> None:
    assert "Parcels: One that is only shown" not in ITEMS


def test_a_request_uses_what_an_earlier_one_was_told() -> None:
    assert sent("Parcels: One with a note", "Parcels: The one with a note").got == 200
    assert "pm.collectionVariables" not in script_of(ITEMS["Parcels: Send a parcel, without a credential"])


def test_what_a_master_key_alone_may_is_sent_with_it() -> None:
    held = [title for title, item in ITEMS.items() if "{{master_key}}" in str(item)]
    assert held == ["Parcels: The one with a note", "Parcels: The same again"]


def test_keys_that_must_be_new_are_new_each_time() -> None:
    raw = ITEMS["Parcels: Two parcels"]["request"]["body"]["raw"]
    assert raw.count('"uuid":"{{$guid}}"') == 2
    assert PARCEL["parcel"]["uuid"] not in raw
    assert sent("Parcels: Two parcels").body == {"accepted": 2}


def test_parameters_are_sent_when_required_or_asked_for() -> None:
    url = ITEMS["Parcels: The seventh"]["request"]["url"]
    assert url["raw"] == "{{base_url}}/api/v1/parcels/:number?unit=kg"
    assert [(pair["key"], pair.get("disabled", False)) for pair in url["query"]] == [
        ("unit", False),
        ("page", True),
    ]
    assert sent("Parcels: One with a note of ours").body["note"] == "hello there"


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
