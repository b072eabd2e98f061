"""A report as PDF, set by Typst: its fonts, which have every Vietnamese letter, come inside the package."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import files

import typst

from quantrac.domain.stations import VIETNAM
from reports.document import Document
from reports.render.pages import page


def render(document: Document) -> bytes:
    """Return the PDF of a document; it is dated by the instant of which it speaks.

    Only the fonts of the package are used: the same bytes on every machine.
    """
    template = files("reports.render").joinpath("report.typ").read_bytes()
    at = document.as_of.astimezone(VIETNAM)
    date = {part: getattr(at, part) for part in ("year", "month", "day", "hour", "minute", "second")}
    inputs = {"page": json.dumps(asdict(page(document)), ensure_ascii=False), "date": json.dumps(date)}
    return bytes(typst.compile(template, sys_inputs=inputs, ignore_system_fonts=True))
