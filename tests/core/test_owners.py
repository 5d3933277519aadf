"""Settings of a device that share one place: each owner reads its own, whatever is beside it or wrong with it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.device_settings import ChosenSilence, EnergyReset, People
from custom_components.aqara_zigbee.core.devices.lumi import IDENTIFY_TIME
from custom_components.aqara_zigbee.core.devices.shade_e1 import INVERT
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.options import ChoiceOption
from tests.core.network import NOON, ScriptedRadio, node

DAMAGED: tuple[Any, ...] = (
    None,
    True,
    "much",
    -1,
    float("nan"),
    [],
    [1],
    {},
    {"a": 1},
    {"1": None},
)
BEGAN = datetime(2026, 5, 1, 12, tzinfo=UTC)
POWER = zcl.read_report(2, 0x0C, bytes.fromhex("187c0a550039b4721242"))


@pytest.mark.parametrize("value", DAMAGED, ids=repr)
def test_a_silence_that_is_none(value: Any) -> None:
    assert ChosenSilence.from_options({"availability": value}) is None


@pytest.mark.parametrize(("minutes", "limit"), [(0, None), (90, timedelta(minutes=90))])
def test_a_chosen_silence(minutes: int, limit: timedelta | None) -> None:
    chosen = ChosenSilence.from_options({"availability": minutes, "users": 7})
    assert chosen is not None
    assert chosen.limit == limit
    assert chosen.as_option() == {"availability": minutes}


@pytest.mark.parametrize("value", DAMAGED, ids=repr)
def test_people_that_are_none(value: Any) -> None:
    assert People.from_options({"users": value}).known == []
    assert People.from_options({"users": value}).name_of(1) == "#1"


def test_one_damaged_name_is_no_other() -> None:
    people = People.from_options({"users": {"3": "Ada", "x": "Eve", "4": 7, "5": "\ud800"}})
    assert [people.name_of(user) for user in (3, 4, 5, 6)] == ["Ada", "#4", "#5", "#6"]
    assert people.known == ["Ada"]
    assert People({"3": "Ada"}).as_option() == {"users": {"3": "Ada"}}


@pytest.mark.parametrize("value", DAMAGED, ids=repr)
def test_a_beginning_that_is_none(value: Any) -> None:
    for options in ({"tallies": value}, {"tallies": {"energy": value}}):
        assert EnergyReset.from_options(options, "energy") is None


def test_one_damaged_beginning_is_no_other() -> None:
    first = {"base": 6, "since": BEGAN.isoformat()}
    options = {"tallies": {"energy_l1": first, "energy_l2": {"base": "much", "since": "yesterday"}}}
    assert EnergyReset.from_options(options, "energy_l1") == EnergyReset(6, BEGAN)
    assert EnergyReset.from_options(options, "energy_l2") is None
    second = EnergyReset(7, BEGAN, 9, BEGAN)
    kept = second.as_option(options, "energy_l2")
    assert kept["tallies"]["energy_l1"] == first
    assert EnergyReset.from_options(kept, "energy_l2") == second


@pytest.mark.parametrize("value", [value for value in DAMAGED if value is not True], ids=repr)
def test_options_of_a_model_that_are_none(value: Any) -> None:
    choice = ChoiceOption("mode", values=("first", "second"))
    assert choice.from_options({"mode": value}) == "first"
    assert INVERT.from_options({INVERT.name: value}) is False
    assert IDENTIFY_TIME.from_options({IDENTIFY_TIME.name: value}) == IDENTIFY_TIME.default


@pytest.mark.parametrize("value", [value for value in DAMAGED if value != -1], ids=repr)
def test_a_device_is_published_with_any_options(value: Any) -> None:
    """They can be kept unchecked while its model is not known."""
    device = Device(node("lumi.plug"), DEFINITIONS["lumi.plug"], ScriptedRadio())
    names = ("power_calibration", "power_precision", "availability", "users", "tallies")
    device.options = dict.fromkeys(names, value)
    device.received(POWER, 88, NOON)
    assert device.state["power"] == 36.61
    assert device.silence == DEFINITIONS["lumi.plug"].feed.silence
