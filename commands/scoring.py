"""The score of a run, as a drill and ``quantrac simulate score`` tell it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from quantrac.terminal import say, say_json

if TYPE_CHECKING:
    from local.drills.score import Score
    from quantrac.domain.words import Bilingual

REPORT = "drill.html"


def tell(
    found: Score, folder: Path, title: str, speed: float, channel: Bilingual, *, as_json: bool, out: Path | None = None
) -> None:
    """Write the report beside the truth, and print the score."""
    from local.drills.page import as_json as document
    from local.drills.page import html, lines

    path = out or folder / REPORT
    path.write_text(html(found, title, speed, channel), "utf-8")
    if as_json:
        say_json(document(found) | {"report": str(path)})
        return
    for line in lines(found):
        say(line)
    say(f"Báo cáo · Report: {path}")
