"""Documents as files: a function a format, document in, bytes out. The same document gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from importlib import import_module
from typing import cast

from reports.document import Document


class Format(StrEnum):
    """The formats of a report."""

    HTML = "html"
    PDF = "pdf"
    XLSX = "xlsx"
    CSV = "csv"


def render(document: Document, form: Format) -> bytes:
    """Return a document as the bytes of a file."""
    # A command that writes CSV does not wait for the PDF compiler to load.
    draw = cast("Callable[[Document], bytes]", import_module(f"reports.render.{form.value}").render)
    return draw(document)
