"""Templates: no script or style of their own, which the policy would refuse, and nothing of another host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from web.house import static_folder, template_folder
from web.middleware import policy

TEMPLATES = sorted(template_folder().rglob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_a_template_has_no_script_of_its_own(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"\s(style|on[a-z]+)=\"", text)
    assert not re.search(r"(src|href|action)=\"(https?:)?//", text)
    assert "hx-on" not in text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_every_form_that_changes_something_carries_its_word(path: Path) -> None:
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", path.read_text("utf-8"), re.DOTALL):
        assert "m.csrf(csrf)" in form


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_nothing_is_marked_safe_but_the_picture_of_a_secret(path: Path) -> None:
    found = re.findall(r"\{\{\s*([^}]*?)\|\s*safe", path.read_text("utf-8"))
    assert set(found) <= {"qr"}


def test_scripts_of_our_own_write_text_and_no_markup() -> None:
    for path in static_folder().glob("*.js"):
        text = path.read_text("utf-8")
        assert "innerHTML" not in text, path.name
        assert "eval(" not in text, path.name


def test_the_policy_knows_tiles_by_their_host() -> None:
    assert "img-src 'self' data: https://tiles.example;" in policy("https://tiles.example")
