"""The benchmark families: one module each that says how its files are read and what its authors measure."""

from __future__ import annotations

from models.errors import ModelError
from models.evaluation.families.base import Family
from models.evaluation.families.canary import CANARY
from models.evaluation.families.eindhoven import EINDHOVEN
from models.evaluation.families.eindhoven_raw import EINDHOVEN_RAW
from models.evaluation.families.gecco import GECCO
from models.evaluation.families.lro import LRO
from models.evaluation.families.nab import NAB
from models.evaluation.families.oddwater import ODDWATER
from models.evaluation.families.scenarios import SCENARIOS
from models.evaluation.families.skab import SKAB

FAMILIES: dict[str, Family] = {
    family.name: family for family in (GECCO, SKAB, NAB, LRO, ODDWATER, EINDHOVEN, SCENARIOS)
}
BACKGROUNDS: dict[str, Family] = {
    family.name: family for family in (EINDHOVEN, EINDHOVEN_RAW, LRO, CANARY, GECCO, ODDWATER)
}
"""Water for the field exam, where it is at hand. Eindhoven's own injections leave little room for others: its signals
before them are a background as well."""


def family_named(name: str) -> Family:
    """Return a family. Raises ModelError naming the known ones."""
    if name not in FAMILIES:
        raise ModelError(f"there is no benchmark family {name!r}: choose one of {', '.join(FAMILIES)}")
    return FAMILIES[name]
