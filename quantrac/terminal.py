r"""The one exit to a terminal: text from outside cannot move the cursor, colour, hide or reorder what is read there.

Stations, loggers and providers write names, payloads and answers that end on a screen. A control character, an escape
sequence or a direction override of Unicode in them is shown as what it is, ``\x1b`` for ESC, and rich's markup in them
is text.
"""

from __future__ import annotations

import json
import shutil
import sys
import unicodedata
from datetime import datetime, timedelta
from itertools import chain
from textwrap import wrap
from typing import TYPE_CHECKING

from quantrac.domain.stations import VIETNAM

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

_LEAST_WIDTH = 20
"""Of a window, in which words are kept whole."""
_HARMLESS = frozenset("\u200c\u200d")
"""Joiners that some scripts need inside words."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def printable(text: str, *, lines: bool = True) -> str:
    r"""Return a text with everything that a terminal would obey written out.

    Parameters
    ----------
    lines
        Whether line feeds and tabs may stay; in a cell of a table or a field of a line they may not.

    Examples
    --------
    >>> print(printable("COD\x1b]0;you\x07"), printable("a\r\nb", lines=False), printable("\u202egnp.exe"))
    COD\x1b]0;you\x07 a\x0d\x0ab \u202egnp.exe
    >>> printable("Nhiệt độ, m³/h")
    'Nhiệt độ, m³/h'
    """
    if text.isprintable():
        return text
    kept = "\n\t" if lines else ""
    return "".join(c if c in kept or c in _HARMLESS or not _is_unseen(c) else _written(c) for c in text)


def say(
    text: object = "", *, err: bool = False, bold: bool = False, colour: str | None = None, document: bool = False
) -> None:
    """Write a text to standard output, or to standard error; bold or in a colour only where somebody looks at it.

    A window breaks no word of it, but for a ``document``: what is copied from there stays as it is, its end too.
    """
    stream = sys.stderr if err else sys.stdout
    shown = printable(str(text))
    if stream.isatty():
        shown = shown if document else in_whole_words(shown, shutil.get_terminal_size().columns)
        if bold or colour:
            import click  # noqa: PLC0415  seldom needed

            shown = click.style(shown, bold=bold or None, fg=colour)
    stream.write(shown if document else f"{shown}\n")
    stream.flush()


def in_whole_words(text: str, width: int) -> str:
    """Return a text in lines of a width, each broken between words and going on two places further in.

    >>> print(in_whole_words("  alert 7: COD beyond its limit", 20))
      alert 7: COD
        beyond its limit
    """
    lines = (
        wrap(
            line, max(width, _LEAST_WIDTH), subsequent_indent=" " * (len(line) - len(line.lstrip()) + 2),
            break_long_words=False, break_on_hyphens=False,
        ) if len(line) > width else [line]
        for line in text.split("\n")
    )  # fmt: skip
    return "\n".join(chain.from_iterable(lines))


def say_json(document: object, *, indent: int | None = None) -> None:
    """Write a document as JSON to standard output, with what a terminal would obey as JSON's own escapes.

    Instants are RFC 3339 in Vietnam's time, with its offset; durations are seconds.
    """
    text = json.dumps(document, default=_plain, ensure_ascii=False, allow_nan=False, indent=indent)
    # Below U+0020 JSON escapes by itself, but for the line feeds of an indentation.
    unseen = {c for c in set(text) if c not in "\n" and _is_unseen(c)}
    sys.stdout.write("".join(f"\\u{ord(c):04x}" if c in unseen and ord(c) < 0x10000 else c for c in text) + "\n")


def add_row(table: Table, *cells: str | Text) -> None:
    """Add a row to a table; a cell given as ``str`` is text, whatever markup stands in it."""
    from rich.text import Text  # noqa: PLC0415  rich is large, and most commands print no table

    table.add_row(*(Text(printable(cell)) if isinstance(cell, str) else cell for cell in cells))


def _plain(value: object) -> object:
    """Return what JSON has for a value that it does not know.

    >>> from datetime import UTC
    >>> _plain(datetime(2026, 11, 23, 3, 5, tzinfo=UTC)), _plain(timedelta(minutes=2))
    ('2026-11-23T10:05:00+07:00', 120.0)
    """
    if isinstance(value, datetime):
        return value.astimezone(VIETNAM).isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else str(value)


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN


def _written(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
