import msgspec
import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from logserver.api.endpoint import Answer, Endpoint
from logserver.api.openapi import document, json_text, yaml_text
from tests.api.sample import ENDPOINTS, PARCEL, PARCELS, health

DOCUMENT = document(ENDPOINTS, title="Parcels", version="1.2.3", description="A post office.")
SEND = DOCUMENT["paths"]["/api/v1/parcels"]["post"]
BATCH = DOCUMENT["paths"]["/api/v1/parcels/batch"]["post"]
FIND = DOCUMENT["paths"]["/api/v1/parcels/{number}"]["get"]


def test_it_is_a_valid_document() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()
    assert DOCUMENT["openapi"] == "3.1.0"
    assert DOCUMENT["info"] == {"title": "Parcels", "version": "1.2.3", "description": "A post office."}


def test_an_empty_list_is_a_valid_document_too() -> None:
    OpenAPIV31SpecValidator(document([], title="Nothing", version="0")).validate()


def test_structs_are_components_under_their_names() -> None:
    assert {"Parcel", "ParcelEnvelope", "Accepted", "Refusal"} <= DOCUMENT["components"]["schemas"].keys()
    schema = SEND["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/ParcelEnvelope"}
    assert DOCUMENT["components"]["schemas"]["Parcel"]["description"] == "A thing that is sent."


def test_an_answer_may_be_one_of_several_types() -> None:
    schema = SEND["responses"]["201"]["content"]["application/json"]["schema"]
    assert schema == {"anyOf": [{"$ref": "#/components/schemas/Accepted"}, {"$ref": "#/components/schemas/Duplicate"}]}


def test_either_header_carries_the_credential() -> None:
    assert SEND["security"] == [{"bearer": []}, {"api_key": []}]
    assert SEND["description"].endswith("Credential: project token or mobile token.")
    schemes = DOCUMENT["components"]["securitySchemes"]
    assert schemes["bearer"]["scheme"] == "bearer"
    assert schemes["api_key"]["name"] == "X-Api-Key"
    assert DOCUMENT["paths"]["/healthz"]["get"]["security"] == []


def test_tags_stand_in_the_order_of_the_endpoints() -> None:
    assert [tag["name"] for tag in DOCUMENT["tags"]] == ["Parcels", "Health"]
    assert DOCUMENT["tags"][0]["description"] == "What is sent."


def test_limits_are_told_where_they_are_declared() -> None:
    limits = {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}
    assert SEND["responses"]["201"]["headers"].keys() == limits
    assert SEND["responses"]["429"]["headers"].keys() == limits | {"Retry-After"}
    assert "headers" not in SEND["responses"]["422"]
    assert "headers" not in BATCH["responses"]["202"]
    assert BATCH["responses"]["503"]["headers"].keys() == {"Retry-After"}


def test_what_is_accepted_is_shown_and_what_is_refused_is_not() -> None:
    examples = SEND["requestBody"]["content"]["application/json"]["examples"]
    assert examples.keys() == {"A light parcel", "One with a note", "One that is only shown"}
    assert examples["A light parcel"] == {"value": PARCEL}


def test_lines_are_shown_as_the_text_they_are_sent_as() -> None:
    content = BATCH["requestBody"]["content"]["application/x-ndjson"]
    assert content["schema"]["type"] == "string"
    assert content["x-itemSchema"] == {"$ref": "#/components/schemas/ParcelEnvelope"}
    lines = content["examples"]["Two parcels"]["value"].splitlines()
    assert [msgspec.json.decode(line) for line in lines] == [PARCEL, PARCEL]


def test_parameters_say_where_they_stand() -> None:
    found = [(value["name"], value["in"], value["required"]) for value in FIND["parameters"]]
    assert found == [
        ("number", "path", True),
        ("unit", "query", True),
        ("page", "query", False),
        ("X-Note", "header", False),
    ]
    assert FIND["parameters"][0]["schema"] == {"type": "integer", "minimum": 1}
    assert FIND["parameters"][0]["example"] == 7


def test_both_spellings_say_the_same_in_the_same_order() -> None:
    assert msgspec.json.decode(json_text(DOCUMENT)) == DOCUMENT
    text = yaml_text(DOCUMENT)
    assert yaml.safe_load(text) == DOCUMENT
    assert text.startswith(b"openapi: 3.1.0\n")
    assert b"&id" not in text


def test_two_operations_of_one_name_are_refused() -> None:
    twin = Endpoint(
        method="GET",
        path="/other",
        name="healthz",
        tag=PARCELS,
        summary="",
        gives={200: ""},
        handler=health,
    )
    with pytest.raises(ValueError, match="declared twice"):
        document([*ENDPOINTS, twin], title="", version="")


class Round(msgspec.Struct, tag=True):
    radius: float


class Square(msgspec.Struct, tag=True):
    side: float


def test_a_tagged_union_keeps_its_discriminator() -> None:
    shape = Endpoint(
        method="GET",
        path="/shape",
        name="shape",
        tag=PARCELS,
        summary="",
        gives={200: Round | Square | None},
        handler=health,
    )
    made = document([shape], title="Shapes", version="1")
    OpenAPIV31SpecValidator(made).validate()
    schema = made["paths"]["/shape"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert "discriminator" in str(schema)


def test_an_answer_in_another_media_type_is_told_with_its_example() -> None:
    table = Answer(str, "A table.", media="text/csv", example="id,weight\n1,1.5\n")
    export = Endpoint(
        method="GET",
        path="/table",
        name="table",
        tag=PARCELS,
        summary="",
        gives={200: table},
        handler=health,
    )
    made = document([export], title="Tables", version="1")
    OpenAPIV31SpecValidator(made).validate()
    content = made["paths"]["/table"]["get"]["responses"]["200"]["content"]
    assert content == {"text/csv": {"schema": {"type": "string"}, "example": table.example}}
