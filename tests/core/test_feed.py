"""A device's power supply and whether it receives at all times, both in the definition."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.aqara_zigbee.core.definition import Feed
from custom_components.aqara_zigbee.core.device import Device
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.mirror.device_info import power_source_of, type_of
from tests.core.network import IEEE, Home, node

PLUG = "lumi.plug"
ON = "18010a00001001"


@pytest.fixture
def device(home: Home, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> Device:
    """A plug of another feed that has just reported that it is on."""
    monkeypatch.setitem(DEFINITIONS.loaded, PLUG, replace(DEFINITIONS[PLUG], feed=feed))
    told = replace(node(PLUG, IEEE), logical_type=1, mac_capabilities=0x8E)
    device = home.gateway.known(told, home.now)
    home.receive(ON, cluster=6)
    home.close()
    return device


@pytest.mark.parametrize(
    ("feed", "is_sent"), [(Feed.MAINS, True), (Feed.LISTENING, True), (Feed.SLEEPY, False)]
)
async def test_a_wish_is_sent_to_a_listening_device(
    home: Home, device: Device, is_sent: bool
) -> None:
    await device.set("state", False)
    assert bool(home.radio.sent) is is_sent
    assert device.state["state"] is not is_sent
    assert device.pending == ({} if is_sent else {"state": False})


@pytest.mark.parametrize(
    ("feed", "silence", "is_asked"),
    [
        (Feed.MAINS, timedelta(minutes=10), True),
        (Feed.LISTENING, timedelta(hours=25), True),
        (Feed.SLEEPY, timedelta(hours=25), False),
    ],
)
async def test_listening_device_is_read_before_it_is_unavailable(
    home: Home, device: Device, silence: timedelta, is_asked: bool
) -> None:
    await home.gateway.check_availability(home.later(seconds=silence.total_seconds()))
    assert device.available
    assert home.radio.sent == []
    await home.gateway.check_availability(home.later(seconds=1))
    assert device.available is is_asked
    assert bool(home.radio.sent) is is_asked


@pytest.mark.parametrize(
    ("feed", "source", "kind"),
    [
        (Feed.MAINS, "Mains (single phase)", "Router"),
        (Feed.LISTENING, "Battery", "EndDevice"),
        (Feed.SLEEPY, "Battery", "EndDevice"),
    ],
)
def test_battery_device_is_not_a_router(device: Device, source: str, kind: str) -> None:
    """Whatever its node descriptor claims."""
    assert (power_source_of(device), type_of(device)) == (source, kind)
    assert device.is_router is (kind == "Router")
