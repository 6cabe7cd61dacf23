"""A size in bytes, as it is given at the command line."""

import re
from typing import Any

import click

_UNITS = {
    "": 1,
    "b": 1,
    **{name: 1_000**power for power, names in enumerate(("kb k", "mb m", "gb g", "tb t"), 1) for name in names.split()},
    **{name: 1_024**power for power, name in enumerate(("kib", "mib", "gib", "tib"), 1)},
}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,9})?) ?([a-z]*)", re.ASCII)


class Size(click.ParamType):  # type: ignore[type-arg] # it takes one only in newer versions of click
    """``20GB``, ``1.5 TB``, ``512MiB`` or a number of bytes; 0 or nothing for none."""

    name = "size"

    def __init__(self, least: int) -> None:
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The bytes; fails for what is no size, or too small to be of use."""
        text = str(value).strip().lower()
        if not text:
            return 0
        found = _SIZE.fullmatch(text)
        if found is None or found[2] not in _UNITS:
            self.fail("expected a size such as 20GB, 500MB or 1.5TiB, or 0 for any size", param, ctx)
        size = int(float(found[1]) * _UNITS[found[2]])
        if 0 < size < self._least:
            self.fail(f"must be at least {self._least // 1_000_000}MB, or 0 for any size", param, ctx)
        return size
