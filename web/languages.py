"""The two languages of the page, Vietnamese first. Texts stand in templates, side by side: ``t("Trạm", "Station")``."""

from __future__ import annotations

from collections.abc import Callable

from quantrac.domain.words import Bilingual

LANGUAGES = ("vi", "en")


def translator(language: str) -> Callable[..., str]:
    """Return the function that chooses between two texts, or within a ``Bilingual``.

    >>> translator("en")("Trạm", "Station"), translator("vi")(Bilingual("Trạm", "Station"))
    ('Station', 'Trạm')
    """

    def choose(vi: str | Bilingual, en: str = "") -> str:
        if isinstance(vi, Bilingual):
            return vi.en if language == "en" else vi.vi
        return en if language == "en" else vi

    return choose
