"""Whom the reader of a message can ring: the plant's operator, and who is on duty."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from alerts.content import Line
from alerts.oncall.duty import on_duty
from quantrac.domain.oncall import OnCall, Person, PersonRole
from quantrac.domain.words import Bilingual

_OPERATOR = Bilingual("Đơn vị vận hành", "Operator")
_DUTY = Bilingual("Trực ban", "On duty")
_NO_PHONE = Bilingual("chưa khai báo điện thoại", "no telephone is known")


def contacts(oncall: OnCall, operators: Iterable[tuple[str, str]], now: datetime) -> tuple[Line, ...]:
    """Return whom to ring: of each station (code, name of its operator) the operator, then who is on duty.

    A telephone that nobody has entered is said to be missing: the reader looks no further.
    """
    lines = []
    for station, company in dict.fromkeys(operators):
        people = [p for p in oncall.people if p.role is PersonRole.OPERATOR and station in p.stations]
        named = [_numbered(p.name, p) for p in people] or [_numbered(company, None)]
        lines += [Line(_OPERATOR, words) for words in named]
    codes = dict.fromkeys(code for rota in oncall.rotas for code in on_duty(rota, oncall.overrides, now))
    on_call = (oncall.person(code) for code in codes)
    return (*dict.fromkeys(lines), *(Line(_DUTY, _numbered(p.name, p)) for p in on_call if p is not None))


def _numbered(name: str, person: Person | None) -> Bilingual:
    phone = None if person is None else person.phone
    if phone is None:
        return Bilingual(f"{name} ({_NO_PHONE.vi})", f"{name} ({_NO_PHONE.en})")
    return Bilingual(f"{name}, {phone}", f"{name}, {phone}")
