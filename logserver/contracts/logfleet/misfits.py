"""What a decoder found wrong with the form of a body, as a field and a message."""

import re

import msgspec

_PLACED = re.compile(r"(?P<what>.*) - at `\$\.?(?P<path>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>\w+)`")


def placed(error: msgspec.ValidationError) -> tuple[str, str]:
    """The path of the field that is not there or of another type, and what is wrong with it."""
    text = str(error)
    found = _PLACED.fullmatch(text)
    what, path = (found["what"], found["path"]) if found else (text, "")
    missing = _MISSING.fullmatch(what)
    if missing is None:
        return path.removesuffix("[...]"), what.replace("`", "")
    return ".".join(part for part in (path, missing["name"]) if part), "Required"
