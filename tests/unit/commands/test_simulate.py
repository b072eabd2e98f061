"""13.13: invented readings never stand among those of a real station."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from alerts.messages import compose
from commands.simulate import chosen_stations
from quantrac.domain.alerts import AlertKey, AlertKind, Severity, Transition, TransitionKind
from quantrac.domain.channels import Channel, ChannelKind
from quantrac.domain.stations import drill_copy
from quantrac.domain.words import Bilingual
from quantrac.errors import RuleError, SettingsError
from quantrac.registry import parse_registry
from tests.factories import station
from tests.unit.quantrac.test_registry import GOOD

NOW = datetime(2026, 11, 23, tzinfo=UTC)
REAL, SAMPLE = station("DT_REAL", contacts=("a@b.vn",), old_codes=("OLD",)), station("DT_SAMPLE", illustration=True)


def test_without_a_word_only_illustrations_are_simulated() -> None:
    assert chosen_stations([REAL, SAMPLE], None, drill=False) == [SAMPLE]


def test_a_real_station_needs_the_flag() -> None:
    with pytest.raises(SettingsError, match=r"DT_REAL is a real station.*--drill"):
        chosen_stations([REAL, SAMPLE], ["DT_REAL"], drill=False)
    assert chosen_stations([REAL, SAMPLE], ["DT_REAL"], drill=True) == [REAL]


def test_a_registry_of_real_stations_alone_is_not_simulated_by_accident() -> None:
    with pytest.raises(SettingsError, match="--drill"):
        chosen_stations([REAL], None, drill=False)


def test_a_drill_copy_is_apart_and_says_so() -> None:
    copy = drill_copy(replace(REAL, channels=(Channel("Door", ChannelKind.DOOR),)))
    assert copy.channels == (), "what nobody simulates is not missed"
    assert (copy.code, copy.drill, REAL.drill) == ("DRILL_DT_REAL", True, False)
    assert (copy.contacts, copy.old_codes) == ((), ())
    assert copy.name_vi.startswith("DIỄN TẬP")
    assert chosen_stations([REAL, copy], None, drill=True) == [REAL]  # no copy of a copy


def test_every_message_of_a_drill_says_so() -> None:
    opened = Transition(
        AlertKey("DRILL_DT_REAL", "COD", "limit"), TransitionKind.OPENED, AlertKind.LIMIT, Severity.HIGH, "held",
        NOW, NOW, 99.0, None,
        Bilingual("Vượt", "Above"),
    )  # fmt: skip
    content = compose(opened, drill_copy(REAL), None, 1)
    assert content.headline.vi.startswith("[DIỄN TẬP] ")
    assert content.headline.en.startswith("[DRILL] ")
    assert content.banner is not None
    assert "DIỄN TẬP" in content.banner.vi


def test_no_real_station_takes_a_drill_copy_s_code() -> None:
    with pytest.raises(RuleError, match="drill copy"):
        parse_registry(GOOD.replace("DT_A_NUOSXL", "DRILL_DT_A", 1), "stations.toml")
