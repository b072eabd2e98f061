"""One person, rota or policy changed among all others, unless somebody else was quicker. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from alerts.oncall.document import of_rows
from alerts.oncall.writing import documents
from quantrac.domain.oncall import OnCallRows
from quantrac.errors import QuantracError, RuleError

KINDS = ("person", "rota", "policy")
Document = Mapping[str, Any]


class StaleError(QuantracError):
    """What was to be changed is no longer what the author saw; ``kept`` is what stands there, ``None``: nothing."""

    def __init__(self, code: str, kept: Document | None) -> None:
        super().__init__(f"{code} was changed meanwhile. Compare, and save again.")
        self.kept = kept


def kept_of(rows: OnCallRows, kind: str) -> tuple[Document, ...]:
    """Return the documents of a kind."""
    kept: tuple[Document, ...] = {"person": rows.people, "rota": rows.rotas, "policy": rows.policies}[kind]
    return kept


def found_in(rows: OnCallRows, kind: str, code: str) -> Document | None:
    """Return the document of a code; ``None`` when there is none."""
    return next((d for d in kept_of(rows, kind) if d["code"] == code), None)


def version_of(document: Document | None) -> str:
    """Return a word that changes with a document; empty where there is none.

    >>> version_of({"code": "an"}) == version_of({"code": "an"}), version_of(None)
    (True, '')
    """
    if document is None:
        return ""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def edited(rows: OnCallRows, kind: str, given: Document, seen: str) -> Document:
    """Return a document as it shall be kept, checked together with all others as the import of a file checks it.

    Parameters
    ----------
    seen
        ``version_of`` what the author saw; empty for a new one.

    Raises
    ------
    RuleError
        It holds a mistake; the message names the key.
    StaleError
        Something else stands there now.
    """
    code = str(given.get("code", ""))
    # Mistakes of the other kinds are theirs: who is edited must be in order, and nothing that stands is made worse.
    all_of_kind = (*(dict(d) for d in kept_of(rows, kind) if d["code"] != code), dict(given))
    people, rotas, policies = (all_of_kind if kind == each else () for each in KINDS)
    whole = OnCallRows(people, rotas, policies)
    try:
        found = of_rows(whole, "form")
    except RuleError as exc:
        raise RuleError(str(exc).removeprefix("form: ")) from None
    kept = found_in(rows, kind, code)
    if version_of(kept) != seen:
        raise StaleError(code, kept)
    written: Document = next(d for d in documents(found)[kind] if d["code"] == code)
    return written
