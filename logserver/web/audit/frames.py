"""Which other sites may show the viewer in a frame."""

_QUOTED = {"self", "none"}
"""Words that a policy has in quotes, which are easily lost on the way through a shell."""


def ancestors(setting: str) -> str:
    """The sources of ``frame-ancestors`` that a setting names, apart by spaces or commas; nothing: nobody's frame.

    Nothing in it can become another directive of the policy, or another header.
    """
    names = setting.replace(",", " ").replace(";", " ").split()
    quoted = [f"'{name}'" if name in _QUOTED else name for name in names if name.isascii() and name.isprintable()]
    return " ".join(quoted) or "'none'"
