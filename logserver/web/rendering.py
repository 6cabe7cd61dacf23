"""Templates: found beside this module, escaped always, strict about names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from logserver.web import formats

FOLDER = Path(__file__).parent / "templates"


class Renderer:
    """Renders templates; ``shared`` are names that all of them know."""

    def __init__(self, shared: Mapping[str, Any]) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        self._environment.filters.update(formats.FILTERS)
        self._environment.globals.update(shared)

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        """The text of a template; a name it does not know raises jinja2.UndefinedError."""
        return self._environment.get_template(template).render(values)
