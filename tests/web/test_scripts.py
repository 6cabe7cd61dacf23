"""What our own scripts and templates may not do, since it would make an element or code of a text that was sent."""

import re
from pathlib import Path

import pytest

from logserver.web import assets, rendering

SCRIPTS = sorted((assets.FOLDER / "js").glob("*.js"))
TEMPLATES = sorted(rendering.FOLDER.rglob("*.html"))
SINKS = re.compile(
    r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc|eval"
    r"|new Function|setHTMLUnsafe)\b|set(?:Timeout|Interval)\(\s*[\"'`]|javascript:"
)
OF_THE_SERVER = {"logs.js": ["innerHTML"]}
"""Where a part of a page is put in that the server has made of a template."""

UNESCAPED = re.compile(r"\|\s*safe\b|autoescape|hx-on|hx-vals=[\"']js:|\bon[a-z]+=\"|\sstyle=|<style|<script(?! src=)")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_makes_no_elements_of_texts(path: Path) -> None:
    found = SINKS.findall(path.read_text(encoding="utf-8"))
    assert found == OF_THE_SERVER.get(path.name, [])


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(rendering.FOLDER).as_posix())
def test_a_template_escapes_all_and_has_no_code(path: Path) -> None:
    assert UNESCAPED.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(rendering.FOLDER).as_posix())
def test_what_a_template_puts_into_an_attribute_is_quoted(path: Path) -> None:
    assert re.findall(r"[a-z-]+=\{\{", path.read_text(encoding="utf-8")) == []


def test_the_look_finds_what_is_wrong() -> None:
    assert SINKS.findall("x.innerHTML = y; setTimeout('x', 1)")
    assert UNESCAPED.findall('<p onclick="x">{{ y|safe }}')
