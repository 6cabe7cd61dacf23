"""Which lines a metric config is about: a glob over the full path of their file, or ``stdin``.

``*`` and ``?`` stand for anything within a name, ``[a-z]`` and ``[!a-z]`` for one character of it, ``**`` for any
number of names; a backslash takes what follows as it is. A glob without a slash is about the name of the file
alone. An empty one fits everything.
"""

import re
from collections.abc import Callable

import re2  # type: ignore[import-untyped]  # it is published without types

STDIN = "stdin"
MAX_LENGTH = 1_000


class BadGlob(ValueError):
    """A glob that cannot be read; the text says why."""


def fitting(glob: str) -> Callable[[str], bool]:
    """Whether a source (a full path, or ``stdin``) fits a glob, in linear time; raises BadGlob."""
    if not glob:
        return lambda _source: True
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    try:
        regexp = re2.compile(_expression(glob).encode(), options)
    except (re2.error, UnicodeEncodeError):
        raise BadGlob("it is no glob") from None
    by_name = "/" not in glob

    def fits(source: str) -> bool:
        text = source.rpartition("/")[2] if by_name else source
        return regexp.fullmatch(text.encode("utf-8", "replace")) is not None

    return fits


_PARTS = re.compile(r"(?P<deep>\*\*+/?)|(?P<any>\*)|(?P<one>\?)|(?P<set>\[[!^]?\]?[^\]]*\])|\\(?P<taken>.)", re.DOTALL)


def _expression(glob: str) -> str:
    """The regular expression of a glob."""
    written, at = [], 0
    for part in _PARTS.finditer(glob):
        written.append(re2.escape(glob[at : part.start()]))
        at = part.end()
        match part.lastgroup:
            case "deep":
                whole = part.start() == 0 or glob[part.start() - 1] == "/"
                # Between slashes it also stands for no name at all.
                written.append("(?:.*/)?" if whole and part["deep"].endswith("/") else ".*")
                written.append("/" if not whole and part["deep"].endswith("/") else "")
            case "any":
                written.append("[^/]*")
            case "one":
                written.append("[^/]")
            case "set":
                written.append(_set(part["set"]))
            case _:
                written.append(re2.escape(part["taken"]))
    written.append(re2.escape(glob[at:]))
    return "".join(written)


def _set(spelled: str) -> str:
    inner = spelled[1:-1]
    denied = inner[:1] in {"!", "^"}
    inner = re.sub(r"([\[\]\\^&~|])", r"\\\1", inner[1:] if denied else inner)
    # No character of a name is a slash.
    return f"[^/{inner}]" if denied else f"[{inner}]"
