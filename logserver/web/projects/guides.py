"""What the start page of a project can show lines for: one guide each, by the product whose clients they are."""

from typing import NamedTuple


class Guide(NamedTuple):
    """A way to send; its lines are ``templates/projects/guides/<key>.html``."""

    key: str
    name: str
    edge: bool = False
    """Whether it needs a token of agents."""


GUIDES: dict[str, list[Guide]] = {
    "Any program": [Guide("curl", "curl"), Guide("cron", "cron")],
    "Logister": [
        Guide("python", "Python"),
        Guide("javascript", "JavaScript"),
        Guide("ruby", "Ruby"),
        Guide("dotnet", ".NET"),
        Guide("android", "Android"),
        Guide("ios", "iOS"),
    ],
    "LuminaLog": [
        Guide("luminalog-python", "Python"),
        Guide("luminalog-node", "Node.js"),
        Guide("luminalog-go", "Go"),
        Guide("luminalog-curl", "curl"),
    ],
    "LogStitch": [Guide("logstitch-javascript", "JavaScript"), Guide("logstitch-curl", "curl")],
    "LogFleet": [Guide("agent", "Log files", edge=True)],
}
"""By product, in the order they are shown."""

_BY_KEY = {guide.key: (product, guide) for product, guides in GUIDES.items() for guide in guides}


def chosen(key: str) -> tuple[str, Guide]:
    """The product and guide of a key; the first one for a key there is not."""
    return _BY_KEY.get(key, _BY_KEY["curl"])
