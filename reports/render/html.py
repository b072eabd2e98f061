"""A report as one HTML file: no script, nothing from elsewhere; it reads the same in any browser's time zone."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from reports.document import Document
from reports.render.pages import page


def render(document: Document) -> bytes:
    """Return the page of a document, UTF-8."""
    return _template().render(page=page(document)).encode()


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("reports.render", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("report.html.j2")
