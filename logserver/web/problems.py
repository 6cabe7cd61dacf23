"""What is wrong with a form, as it is said beside its fields."""

from logserver.core.faults import Fault, Invalid


def by_field(fault: Fault, otherwise: str = "") -> dict[str, str]:
    """A sentence by the name of each field; what is said of none stands beside the field ``otherwise``."""
    problems = fault.problems if isinstance(fault, Invalid) else [(otherwise, str(fault))]
    return {field: sentence(message) for field, message in problems}


def sentence(message: str) -> str:
    """A message with a capital and a full stop."""
    return message[:1].upper() + message[1:].rstrip(".") + "."
