"""Goes through the pages by their own links, as a reader would, and looks at what each is made of."""

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from httpx2 import Response
from starlette.routing import compile_path

from logserver.web.page import PageRoute
from logserver.web.routes import DECLARED
from tests.web.asking import Asker

_FOLLOWED = {"a": ("href", "hx-get"), "form": ("action", "hx-get", "hx-post"), "link": ("href",), "script": ("src",)}
_ADDRESSES = {"href", "src", "action", "formaction", "xlink:href", "hx-get", "hx-post", "poster", "data"}
_FAR = {"http", "https", "mailto"}
_MOST_OF_KIND = 2
"""Addresses of one page with the same names in their query that are looked at."""

_MOST_OF_PAGE = 8
_GET = [(compile_path(each.path)[0], each) for each in DECLARED if each.method == "GET"]
_LINKED = {"href", "hx-get", "sse-connect"}


class Element(NamedTuple):
    """A tag as a browser reads it."""

    tag: str
    attributes: dict[str, str]
    line: int


class Markup(HTMLParser):
    """The elements of a page, and the text within scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.code = ""
        self._within: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}, self.getpos()[0]))
        self._within = tag

    def handle_endtag(self, _tag: str) -> None:
        self._within = None

    def handle_data(self, data: str) -> None:
        if self._within in {"script", "style"}:
            self.code += data.strip()


def page_of(path: str) -> PageRoute | None:
    """The page that a path is of."""
    return next((declared for pattern, declared in _GET if pattern.match(path)), None)


def links(markup: Markup) -> Iterator[str]:
    """Where a page leads to, within the server, by GET."""
    for element in markup.elements:
        found = [value for name, value in element.attributes.items() if name in _LINKED]
        if element.tag == "form" and element.attributes.get("method", "get").lower() == "get":
            found.append(element.attributes.get("action", ""))
        for address in found:
            if address.startswith("/") and not address.startswith(("//", "/static/")):
                yield address


class Seen(NamedTuple):
    """A page that was looked at."""

    address: str
    declared: PageRoute
    answer: Response

    @property
    def is_html(self) -> bool:
        return self.answer.headers.get("Content-Type", "").startswith("text/html")


def crawl(asker: Asker, starts: Iterable[str], *, partial: bool = False) -> list[Seen]:
    """Every page that leads on from these, a few of each kind; ``partial`` asks as a script of a page does."""
    waiting, queued, kinds, pages = deque(starts), set(starts), Counter[tuple[str, tuple[str, ...]]](), Counter[str]()
    seen = []
    while waiting:
        address = waiting.popleft()
        parts = urlsplit(address)
        declared = page_of(parts.path)
        if declared is None:
            continue
        kind = (declared.path, tuple(sorted(name for name, _ in parse_qsl(parts.query))))
        kinds[kind] += 1
        pages[declared.path] += 1
        if kinds[kind] > _MOST_OF_KIND or pages[declared.path] > _MOST_OF_PAGE:
            continue
        if partial:
            asker.headers["HX-Request"] = "true"
        answer = asker.get(address)
        seen.append(Seen(address, declared, answer))
        if not seen[-1].is_html:
            continue
        for link in links(Markup(answer.text)):
            if link not in queued:
                queued.add(link)
                waiting.append(link)
    return seen


def faults(page: Seen, policy_tag: str) -> list[str]:
    """What no page may have: code of its own, an address that runs, an element that nobody has put there."""
    markup = Markup(page.answer.text)
    found = [f"code within the page: {markup.code[:80]!r}"] if markup.code else []
    for element in markup.elements:
        where = f"<{element.tag}> in line {element.line}"
        if element.tag.startswith(policy_tag) or element.tag in {"style", "object", "embed", "base"}:
            found.append(f"{where} is there")
        if element.tag == "script" and not element.attributes.get("src", "").startswith("/static/"):
            found.append(f"{where} is not one of ours")
        for name, value in element.attributes.items():
            if name.startswith(("on", "hx-on")) or name == "style" or value.startswith("js:"):
                found.append(f"{where} has {name}={value[:60]!r}")
            if name in _ADDRESSES and not _harmless(value):
                found.append(f"{where} leads to {value[:60]!r}")
    return found


def _harmless(address: str) -> bool:
    """Whether an address is one of this server, or of a kind that runs nothing."""
    if re.match(r"(?:/(?![/\\])|#|\?|$)", address):
        return True
    return urlsplit(address).scheme in _FAR and not re.search(r"[\x00-\x20\"'<>]", address)


def forms_without_token(page: Seen) -> list[str]:
    """The forms of a page that send something and would be refused, or come from anywhere."""
    found, form, guarded = [], "", True
    for element in Markup(page.answer.text).elements:
        if element.tag == "form":
            if form and not guarded:
                found.append(form)
            form = (
                element.attributes.get("action", "?") if element.attributes.get("method", "").lower() == "post" else ""
            )
            guarded = False
        elif element.tag == "input" and element.attributes.get("name") == "form_token":
            guarded = guarded or bool(element.attributes.get("value"))
    if form and not guarded:
        found.append(form)
    return found
