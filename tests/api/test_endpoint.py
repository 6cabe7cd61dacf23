from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from logserver.api.endpoint import Answer, Auth, Endpoint, Example, Parameter, Tag, distinct
from tests.api.sample import Refusal, health


def declared(**changes: Any) -> Endpoint:
    usual: dict[str, Any] = {
        "method": "GET",
        "path": "/things/{id:int}/{part}",
        "name": "thing",
        "tag": Tag("Things", ""),
        "summary": "A thing",
        "gives": {200: "The thing."},
        "handler": health,
    }
    return Endpoint(**usual | changes)


def test_the_declaration_is_the_route() -> None:
    client = TestClient(Starlette(routes=[declared().route()]))
    assert client.get("/things/7/lid").json() == {"status": "ok"}
    assert client.head("/things/7/lid").status_code == 200
    assert client.post("/things/7/lid").status_code == 405
    assert client.get("/things/seven/lid").status_code == 404


def test_the_public_path_has_no_converters() -> None:
    assert declared().public_path() == "/things/{id}/{part}"


def test_path_values_are_parameters_without_being_declared() -> None:
    part = Parameter("part", str, "Which part.", where="path")
    found = declared(parameters=(part,)).all_parameters()
    assert [(parameter.name, parameter.type) for parameter in found] == [("id", int), ("part", str)]
    assert found[1] is part


def test_an_answer_may_be_a_type_words_or_both() -> None:
    answers = declared(gives={200: "The thing."}, errors={404: Refusal, 410: Answer(Refusal, "It was here.")}).answers()
    assert answers[200] == Answer(None, "The thing.")
    assert answers[404] == Answer(Refusal, "Not Found")
    assert answers[410] == Answer(Refusal, "It was here.")


def test_an_example_expects_the_first_success_unless_it_says_otherwise() -> None:
    requests = declared(
        gives={201: "Made.", 200: "Was there."},
        errors={400: "No."},
        examples={"plain": {"a": 1}, "bad": Example({}, status=400)},
    ).requests()
    assert [(example.body, example.status) for example in requests.values()] == [({"a": 1}, 201), ({}, 400)]


def test_credentials_are_told_in_words() -> None:
    assert Auth.NONE.spoken() == []
    assert (Auth.PROJECT_TOKEN | Auth.MOBILE_TOKEN).spoken() == ["project token", "mobile token"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"name": "getThing"}, "'getThing' is no snake_case name"),
        ({"parameters": (Parameter("no", str, "", where="path"),)}, "thing: .* has no {no}"),
        ({"examples": {"bad": Example(status=418)}}, "thing: 'bad' expects 418, which is not declared"),
        ({"examples": {"bad": Example(values={"colour": 1})}}, r"thing: 'bad' gives undeclared \['colour'\]"),
        ({"gives": {}}, "thing: no success is declared"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        declared(**changes)


def test_no_two_endpoints_share_a_name_or_a_place() -> None:
    thing = declared()
    assert distinct([thing, declared(method="PUT", name="put_thing")])[0] is thing
    with pytest.raises(ValueError, match=r"thing \(PUT .*\) is declared twice"):
        distinct([thing, declared(method="PUT")])
    with pytest.raises(ValueError, match=r"other \(GET /things/{id}/{part}\) is declared twice"):
        distinct([thing, declared(name="other", path="/things/{id}/{part}")])
