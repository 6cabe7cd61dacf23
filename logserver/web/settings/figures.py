"""Numbers as people type them into forms: whole ones, and sizes with a unit."""

from decimal import Decimal, InvalidOperation

from logserver.core.faults import Invalid
from logserver.web.visit import Form

UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}

_LONGEST = 20


def whole(form: Form, name: str) -> int | None:
    """The whole number of a field, None where it is empty; raises Invalid for anything else."""
    return required(form, name) if form.get(name) else None


def required(form: Form, name: str) -> int:
    """The whole number of a field; raises Invalid for anything else, also for nothing."""
    text = form.get(name)
    if not text:
        raise Invalid([(name, "can't be blank")])
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST):
        raise Invalid([(name, "must be a whole number")])
    return int(text)


def size(form: Form, name: str) -> int | None:
    """The bytes of a field and the unit beside it (``<name>_unit``), None where it is empty; raises Invalid."""
    text, unit = form.get(name), UNITS.get(form.get(f"{name}_unit"))
    if not text:
        return None
    if unit is None:
        raise Invalid([(name, f"needs one of the units {', '.join(UNITS)}")])
    try:
        value = Decimal(text[:_LONGEST]) * unit
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value != value.to_integral_value() or len(text) > _LONGEST:
        raise Invalid([(name, "must be a number")])
    return int(value)


def in_unit(value: int | None) -> tuple[str, str]:
    """A number of bytes in the largest unit in which it is a whole number, and that unit."""
    if value is None:
        return "", "GB"
    unit = next(unit for unit in reversed(UNITS) if value % UNITS[unit] == 0)
    return str(value // UNITS[unit]), unit
