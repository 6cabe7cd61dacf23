"""An address that links are made of, as it is given at the command line."""

from typing import Any
from urllib.parse import urlsplit

import click


class WebAddress(click.ParamType):  # type: ignore[type-arg] # it takes one only in newer versions of click
    """``https://logs.example.com``, perhaps with a port and a path; or nothing."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The address without space around it; fails for what a path cannot be written behind."""
        text = str(value).strip()
        if text and not _is_address(text):
            self.fail("expected an address such as https://logs.example.com", param, ctx)
        return text


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - a property that raises ValueError for what is no port
    except ValueError:
        return False
    plain = not (parts.query or parts.fragment or "@" in parts.netloc or any(map(str.isspace, text)))
    return text.startswith(("http://", "https://")) and bool(parts.hostname) and plain
