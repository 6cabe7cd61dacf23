"""The JSON schemas of the types endpoints declare: structs by reference, everything else in place."""

from collections.abc import Iterable
from inspect import cleandoc
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec

from logserver.api.endpoint import Endpoint, Form

_PLACE = "#/components/schemas/"


class Schemas:
    """The schemas of every form some endpoints mention; a struct has one name for all of them."""

    components: dict[str, Any]
    """The structs' schemas by name."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        forms = [part for endpoint in endpoints for form in _forms(endpoint) for part in _parts(form)]
        schemas, self.components = msgspec.json.schema_components(forms, ref_template=_PLACE + "{name}")
        for component in self.components.values():
            if "description" in component:  # a docstring's indentation is not part of what it says
                component["description"] = cleandoc(component["description"])
        # By identity: a form may hold a Meta, and a Meta with examples has no hash.
        self._schemas = {id(form): schema for form, schema in zip(forms, schemas, strict=True)}

    def of(self, form: Form) -> dict[str, Any]:
        """The schema of a form one of the endpoints mentions."""
        schemas = [self._schemas[id(part)] for part in _parts(form)]
        return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}

    def required(self, form: Form) -> list[str]:
        """The keys every object of a form has: those that all its alternatives require."""
        return self._required(self.of(form))

    def _required(self, schema: dict[str, Any]) -> list[str]:
        if reference := schema.get("$ref"):
            return self._required(self.components[reference.removeprefix(_PLACE)])
        if alternatives := schema.get("anyOf"):
            first, *others = [self._required(alternative) for alternative in alternatives]
            return [key for key in first if all(key in other for other in others)]
        required: list[str] = schema.get("required", [])
        return required


def _forms(endpoint: Endpoint) -> list[Form]:
    answers = (answer.type for answer in endpoint.answers().values())
    parameters = (parameter.type for parameter in endpoint.all_parameters())
    return [form for form in (endpoint.takes, *answers, *parameters) if form is not None]


def _parts(form: Form) -> list[Form]:
    """The form itself, or the members of a union msgspec could not decode: of several untagged structs."""
    origin: Any = get_origin(form)
    members = get_args(form) if origin in {Union, UnionType} else ()
    untagged = [member for member in members if _untagged(member)]
    return [*members] if len(untagged) > 1 else [form]


def _untagged(form: Form) -> bool:
    return isinstance(form, type) and issubclass(form, msgspec.Struct) and form.__struct_config__.tag is None
