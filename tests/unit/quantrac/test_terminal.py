"""13.9: text from outside is shown, and obeyed by no terminal."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console
from rich.table import Table

from quantrac.terminal import add_row, printable, say, say_json

HOSTILE = [
    "\x1b[2J\x1b[H",  # clears the screen
    "\x1b]0;title\x07",  # sets the window's title
    "\x1b]8;;http://evil/\x1b\\here\x1b]8;;\x1b\\",  # a link that is not what it says
    "\x9b31m",  # the same as ESC [, in one character
    "ok\rFAIL",  # overwrites the line
    "a\x08b",
    "\u202egnp.exe",  # written from right to left
    "x\u2028y",
    "\x00",
    "\ud800",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_is_left_that_a_terminal_obeys(text: str) -> None:
    shown = printable(text, lines=False)
    assert shown.isprintable()
    assert "\\x" in shown or "\\u" in shown


@pytest.mark.parametrize("text", ["KCN Sa Đéc – nước sau xử lý", "COD 120 mg/L", "ba\ndòng\n\tthụt", "👍 \u200d"])
def test_what_people_write_stays(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_said_is_harmless_on_both_streams(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(f"reason: {text}")
    say(text, err=True, colour="red", bold=True)
    out, err = capsys.readouterr()
    assert all(line.isprintable() for line in (out + err).splitlines())


def test_a_window_breaks_no_word_but_for_a_document_which_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Window(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", "40")
    sentence = (
        "  No database is configured and no servers run in /home/an/.local/state/quantrac/a-long-name: start them."
    )
    window, file = Window(), io.StringIO()
    monkeypatch.setattr("sys.stdout", window)
    say(f"Short.\n{sentence}")
    say(sentence, document=True)
    monkeypatch.setattr("sys.stdout", file)
    say(sentence)
    assert window.getvalue() == (
        "Short.\n  No database is configured and no\n    servers run in\n"
        "    /home/an/.local/state/quantrac/a-long-name:\n    start them.\n" + sentence
    )
    assert file.getvalue() == f"{sentence}\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_json_reads_back_what_was_there(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    say_json({"detail": text, "tên": "Sa Đéc"}, indent=2)
    out = capsys.readouterr().out
    assert json.loads(out) == {"detail": text, "tên": "Sa Đéc"}
    assert "Sa Đéc" in out
    assert all(line.isprintable() for line in out.split("\n"))


@pytest.mark.parametrize("text", ["[/x]", "[red]COD[/red]", "[link=http://evil]x[/link]", "\x1b[31m"])
def test_markup_in_a_cell_is_text(text: str) -> None:
    table = Table()
    table.add_column("parameter")
    add_row(table, text)
    out = io.StringIO()
    Console(width=80, file=out, force_terminal=True, no_color=True).print(table)
    assert printable(text, lines=False) in out.getvalue()
