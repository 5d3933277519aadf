"""Devices from damaged files: only invalid values are lost."""

import logging
from typing import Any

import orjson
import pytest

from custom_components.aqara_zigbee.core.firmware import BasicInfo, Firmware
from tests.awkward import ODD, UNKEEPABLE
from tests.core.network import NOON, Home, node

GOOD: dict[str, Any] = {
    "state": {"state": True, "power": 12.5},
    "pending": {"led_disabled_night": True},
    "options": {"power_calibration": 5, "description": "in the hall", "availability": 90},
    "about": {"application_version": 7, "date_code": "10-23-2018"},
    "firmware": {"manufacturer": 4447, "image_type": 1, "version": 9, "hardware": None},
    "last_seen": NOON.isoformat(),
}


def restored(stored: Any) -> dict[str, Any]:
    """Return a plug's state from stored data."""
    home = Home({"devices": {node("lumi.plug").ieee: stored}})
    return home.gateway.known(node("lumi.plug"), home.now).as_dict()


def test_all_of_it() -> None:
    home = Home({"devices": {node("lumi.plug").ieee: GOOD}})
    device = home.gateway.known(node("lumi.plug"), home.now)
    assert device.state == GOOD["state"]
    assert device.pending == GOOD["pending"]
    assert device.options == GOOD["options"]
    assert device.about == BasicInfo(application_version=7, date_code="10-23-2018")
    assert device.upkeep.running == Firmware(4447, 1, 9)
    assert device.last_seen == NOON


@pytest.mark.parametrize("part", GOOD)
@pytest.mark.parametrize("value", [*UNKEEPABLE, *ODD], ids=lambda value: repr(value)[:30])
def test_damaged_part(part: str, value: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The other parts are kept, and the log has the dropped ones."""
    caplog.set_level(logging.WARNING)
    found = restored({**GOOD, part: value})
    whole = restored(GOOD)
    assert {**found, part: 0} == {**whole, part: 0}
    orjson.dumps(found)
    if not isinstance(value, dict):
        assert found[part] == restored({})[part]
        assert ("cannot be used" in caplog.text) == (value is not None)


@pytest.mark.parametrize("part", ["state", "pending", "options", "about"])
@pytest.mark.parametrize("value", UNKEEPABLE, ids=lambda value: repr(value)[:30])
def test_damaged_value(part: str, value: Any) -> None:
    """Its neighbors in the same part are as they were."""
    for name in GOOD[part]:
        rest = {key: each for key, each in GOOD[part].items() if key != name}
        found = restored({**GOOD, part: {**GOOD[part], name: value}})
        expected = restored({**GOOD, part: rest})
        assert found == expected, name


def test_readings_of_the_wrong_type() -> None:
    stored = {"state": {"state": "ON", "power": True, "voltage": "230", "nothing": 1}}
    assert restored(stored)["state"] == {}


@pytest.mark.parametrize("firmware", [{"version": 1}, {**GOOD["firmware"], "version": "9"}])
def test_incomplete_firmware(firmware: Any) -> None:
    assert restored({**GOOD, "firmware": firmware})["firmware"] is None


@pytest.mark.parametrize("moment", ["yesterday", "2026-11-20T12:00:00", "", "2026-13-40"])
def test_invalid_time(moment: str) -> None:
    assert restored({**GOOD, "last_seen": moment})["last_seen"] is None
